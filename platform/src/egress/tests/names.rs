use std::net::IpAddr;

use super::{
    nameserver::Nameserver,
    resolve::Unresolved,
    server::{OK, Server, say},
    *,
};

const PUBLIC: &str = "93.184.216.34";
const MANY: [&str; 9] =
    ["1.1.0.1", "1.1.0.2", "1.1.0.3", "1.1.0.4", "1.1.0.5", "1.1.0.6", "1.1.0.7", "1.1.0.8", "1.1.0.9"];

fn names(nameserver: &Nameserver, allowed: &[&str], accepted: Accepted) -> Names {
    let reach = Reach::new(settings(allowed).allowed_networks);
    Names::try_new(Some(nameserver.address), reach, accepted).unwrap()
}

fn egress(nameserver: &Nameserver, allowed: &[&str]) -> Egress {
    Egress::try_new(&EgressSettings { nameserver: Some(nameserver.address), ..settings(allowed) }).unwrap()
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[tokio::test]
async fn one_forbidden_address_condemns_the_name() {
    let nameserver = Nameserver::start(&[
        ("public.example", &[&[PUBLIC, "2606:4700::1111"]]),
        ("mixed.example", &[&[PUBLIC, "127.0.0.1"]]),
        ("mixed-families.example", &[&[PUBLIC, "::1"]]),
        ("mapped.example", &[&[PUBLIC, "::ffff:169.254.169.254"]]),
        ("inner.example", &[&["10.0.0.1"]]),
        ("empty.example", &[&[]]),
    ])
    .await;
    let names = names(&nameserver, &[], Accepted::PublicAndAllowed);
    assert_eq!(names.addresses("public.example").await, Ok(addresses(&[PUBLIC, "2606:4700::1111"])));
    for name in ["mixed.example", "mixed-families.example", "mapped.example", "inner.example"] {
        assert_eq!(names.addresses(name).await, Err(Unresolved::Refused), "{name}");
    }
    for name in ["empty.example", "missing.example", "a..example", &"a".repeat(300)] {
        assert_eq!(names.addresses(name).await, Err(Unresolved::NoAddress), "{name}");
    }
}

#[tokio::test]
async fn a_name_that_changes_its_answer_is_judged_by_each_of_them() {
    let nameserver = Nameserver::start(&[("turns.example", &[&[PUBLIC], &["127.0.0.1"], &[PUBLIC]])]).await;
    let names = names(&nameserver, &[], Accepted::PublicAndAllowed);
    assert_eq!(names.addresses("turns.example").await, Ok(addresses(&[PUBLIC])));
    assert_eq!(names.addresses("turns.example").await, Err(Unresolved::Refused));
    assert_eq!(names.addresses("turns.example").await, Ok(addresses(&[PUBLIC])));
}

/// The name of a receiver that may be reached turns to this machine's other address, which may not.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_name_that_turns_inwards_between_two_requests_is_not_followed_there() {
    let allowed = Server::on("127.0.0.2:0".parse().unwrap(), |stream| say(stream, OK)).await.unwrap();
    let victim = format!("127.0.0.1:{}", allowed.port).parse().unwrap();
    let victim = Server::on(victim, |stream| say(stream, OK)).await.unwrap();
    let nameserver = Nameserver::start(&[("turns.example", &[&["127.0.0.2"], &["127.0.0.1"]])]).await;
    let egress = egress(&nameserver, &["127.0.0.2/32"]);
    let url = format!("http://turns.example:{}/", allowed.port);

    assert!(post(&egress, &url).await.result.is_ok());
    assert_eq!(nameserver.asked("turns.example"), 1, "judged and dialled from one answer");
    assert_eq!(post(&egress, &url).await.result.unwrap_err(), SendFailure::AddressRefused);

    assert!(post(&patient(), &victim.url()).await.result.is_ok());
    assert_eq!((allowed.connections(), victim.connections()), (1, 1));
}

#[tokio::test]
async fn names_of_this_machine_are_not_reached_unless_it_is_allowed() {
    let server = Server::start(|stream| say(stream, OK)).await;
    let nameserver = Nameserver::start(&[
        ("inner.example", &[&["127.0.0.1"]]),
        ("mixed.example", &[&["127.0.0.1", PUBLIC]]),
    ])
    .await;
    let strict = egress(&nameserver, &[]);
    for name in ["inner.example", "mixed.example"] {
        let sent = post(&strict, &format!("https://{name}:{}/", server.port)).await;
        assert_eq!(sent.result.unwrap_err(), SendFailure::AddressRefused, "{name}");
    }
    let allowed = egress(&nameserver, &["127.0.0.1/32"]);
    let url = |name| format!("http://{name}:{}/", server.port);
    assert!(post(&allowed, &url("inner.example")).await.result.is_ok());
    assert!(post(&allowed, &url("localhost")).await.result.is_ok());
    // In the clear, not even a public address beside it.
    let sent = post(&allowed, &url("mixed.example")).await;
    assert_eq!(sent.result.unwrap_err(), SendFailure::AddressRefused);
    assert_eq!(server.connections(), 2);
    assert!(!nameserver.all_asked().iter().any(|name| name.contains("localhost")));
}

#[tokio::test]
async fn over_plain_http_only_allowed_networks_count() {
    let nameserver = Nameserver::start(&[
        ("public.example", &[&[PUBLIC]]),
        ("both.example", &[&["10.1.0.1", PUBLIC]]),
        ("inner.example", &[&["10.1.0.1", "10.1.0.2"]]),
    ])
    .await;
    let alone = names(&nameserver, &["10.1.0.0/16"], Accepted::AllowedAlone);
    assert_eq!(alone.addresses("public.example").await, Err(Unresolved::Refused));
    assert_eq!(alone.addresses("both.example").await, Err(Unresolved::Refused));
    assert_eq!(alone.addresses("inner.example").await, Ok(addresses(&["10.1.0.1", "10.1.0.2"])));
    let either = names(&nameserver, &["10.1.0.0/16"], Accepted::PublicAndAllowed);
    assert_eq!(either.addresses("both.example").await, Ok(addresses(&["10.1.0.1", PUBLIC])));
}

#[tokio::test]
async fn few_of_many_addresses_are_dialled_and_names_are_asked_for_as_they_stand() {
    let nameserver = Nameserver::start(&[("many.example", &[&MANY])]).await;
    let names = names(&nameserver, &[], Accepted::PublicAndAllowed);
    assert_eq!(names.addresses("many.example").await.unwrap().len(), 8);
    assert_eq!(names.addresses("missing.example").await, Err(Unresolved::NoAddress));
    let mut asked = nameserver.all_asked();
    asked.sort();
    asked.dedup();
    assert_eq!(asked, ["many.example.", "missing.example."]);
}

#[tokio::test]
async fn a_nameserver_that_is_silent_is_not_waited_for() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let settings = EgressSettings { nameserver: Some(silent.local_addr().unwrap()), ..settings(&[]) };
    let sent = post(&Egress::try_new(&settings).unwrap(), "https://partner.example/").await;
    // Its own time-out, not the request's.
    assert_eq!(sent.result.unwrap_err(), SendFailure::Dns);
}

#[tokio::test]
async fn without_a_given_nameserver_the_systems_are_taken_whatever_they_are() {
    let server = Server::start(|stream| say(stream, OK)).await;
    let settings = EgressSettings { nameserver: None, ..settings(&["127.0.0.1/32"]) };
    let egress = Egress::try_new(&settings).unwrap();
    assert!(post(&egress, &format!("http://localhost:{}/", server.port)).await.result.is_ok());
}
