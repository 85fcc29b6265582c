//! What the OpenAPI document says of limits: refusals that any route may answer, before it is asked.

use utoipa::openapi::{
    Content, Header, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, Type,
    path::{Operation, PathItem},
};

/// What is answered where a route says nothing else of that status.
const EVERYWHERE: [(&str, &str); 3] = [
    ("414", "`url_too_long`: the URL has more than 8 KiB."),
    ("429", "`rate_limited`: more requests than one caller may make; see `Retry-After`."),
    ("431", "`headers_too_large`: more than 64 headers, or than 16 KiB of them."),
];
const WITH_BODY: (&str, &str) = ("408", "`body_too_slow`: the body came too slowly, or stopped coming.");

/// Adds them to every route of the API.
pub fn describe(document: &mut OpenApi) {
    let of_the_api = document.paths.paths.iter_mut().filter(|(path, _)| path.starts_with("/api/v1/"));
    for (_, item) in of_the_api {
        for operation in operations(item) {
            describe_operation(operation);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

fn describe_operation(operation: &mut Operation) {
    let with_body = operation.request_body.is_some().then_some(WITH_BODY);
    for (status, description) in EVERYWHERE.into_iter().chain(with_body) {
        let known = operation.responses.responses.entry(status.to_owned());
        let response = known.or_insert_with(|| RefOr::T(refusal(description)));
        if let (RefOr::T(response), "429") = (response, status) {
            response.headers.extend([
                seconds("Retry-After", "Seconds until one more request is allowed."),
                seconds("RateLimit-Reset", "The same."),
                seconds("RateLimit-Limit", "Requests a minute."),
                seconds("RateLimit-Remaining", "0."),
            ]);
        }
    }
}

fn refusal(description: &str) -> Response {
    let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("ErrorBody"))));
    ResponseBuilder::new().description(description).content("application/json", content).build()
}

fn seconds(name: &str, description: &str) -> (String, RefOr<Header>) {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
    let mut header = Header::new(number);
    header.description = Some(description.to_owned());
    (name.to_owned(), RefOr::T(header))
}
