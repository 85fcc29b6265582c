use std::collections::HashMap;

use secrecy::ExposeSecret;

use super::*;

const HASH: &str = "$2b$04$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn config(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut vars =
        HashMap::from([("DATABASE_URL", "postgresql://u:pw@db:5432/iris"), ("APP_SECRET", SECRET)]);
    vars.extend(changes.iter().copied());
    Config::from_lookup(|name| vars.get(name).map(ToString::to_string))
}

/// The one line with which the program would refuse to start.
fn refusal(name: &str, value: &str) -> String {
    let line = config(&[(name, value)]).expect_err("must be refused").to_string();
    assert!(line.starts_with(name), "the line names the variable: {line}");
    assert!(!line.contains('\n'), "one line: {line}");
    line
}

#[test]
fn defaults_are_the_documented_ones() {
    let config = config(&[]).unwrap();
    assert_eq!(config.listen_addr(8081).to_string(), "127.0.0.1:8081");
    assert_eq!((config.page_limits.default, config.page_limits.max), (50, 100));
    assert_eq!(config.auth_provider, AuthProvider::Local);
    assert_eq!(config.environment, Environment::Development);
    assert_eq!(config.log_format, LogFormat::Json);
    assert_eq!(config.database_url_direct.expose_secret(), config.database_url.expose_secret());
    assert!(config.nats_url.is_none() && config.metrics_addr.is_none());
    assert!(config.dev_users.is_empty() && config.cors_origins.is_empty());
    assert!(config.outbound.webhook_allowed_networks.is_empty(), "no private network unless it is named");
    assert_eq!(config.outbound.mail.resend_base_url, "https://api.resend.com");
    assert_eq!(config.audit.seal_after.as_millis(), 1_000);
    assert!(config.audit.signing_key.is_none() && config.audit.seal_dir.is_none());
    assert_eq!(config.blob_dir, PathBuf::from(".iris/blobs"));
}

#[test]
fn files_have_a_folder_that_production_must_name() {
    let read = |value: &str, environment| {
        let lookup = |name: &str| (name == "BLOB_DIR").then(|| value.to_owned());
        blob_dir(&Lookup::new(&lookup), environment)
    };
    assert_eq!(read("", Environment::Production), Err(ConfigError::missing("BLOB_DIR")));
    for environment in [Environment::Development, Environment::Production] {
        assert_eq!(read("/srv/blobs", environment), Ok(PathBuf::from("/srv/blobs")));
    }
}

#[test]
fn a_missing_variable_is_named() {
    assert_eq!(config(&[("DATABASE_URL", "")]).unwrap_err(), ConfigError::missing("DATABASE_URL"));
    assert_eq!(config(&[("APP_SECRET", " ")]).unwrap_err(), ConfigError::missing("APP_SECRET"));
}

#[test]
fn malformed_variables_are_named() {
    for (name, value) in [
        ("DATABASE_URL", "mysql://u:hunter2@db/iris"),
        ("DATABASE_URL_DIRECT", "postgresql://u:hunter2@db:notaport/iris"),
        ("NATS_URL", "http://u:hunter2@nats:4222"),
        ("HTTP_ADDR", "localhost"),
        ("METRICS_ADDR", "9090"),
        ("AUTH_PROVIDER", "oauth"),
        ("APP_SECRET", "hunter2-too-short"),
        ("DEV_USERS", "a@iris.test"),
        ("DEV_USERS", "a@iris.test:hunter2"),
        ("SECRETS_KEY", "hunter2-too-short"),
        ("PUBLIC_URL", "iris.example"),
        ("PUBLIC_URL", "https://u:hunter2@iris.example"),
        ("RESEND_BASE_URL", "ftp://mail.example"),
        ("WEBHOOK_ALLOWED_NETWORKS", "10.0.0.0/8,private"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://shop.example,*"),
        ("CORS_ORIGINS", "https://shop.example/path"),
        ("CORS_ORIGINS", "https://*.example"),
        ("CORS_ORIGINS", "null"),
        ("PAGE_LIMIT_DEFAULT", "0"),
        ("PAGE_LIMIT_DEFAULT", "101"),
        ("MAX_PAGE_LIMIT", "many"),
        ("AUDIT_SEAL_AFTER_MS", "0"),
        ("LOG_FORMAT", "xml"),
        ("IRIS_ENV", "prod"),
    ] {
        let line = refusal(name, value);
        assert!(!line.contains("hunter2"), "no secret in {line}");
    }
}

#[test]
fn the_signing_key_is_given_once() {
    let both = [("AUDIT_SIGNING_KEY", "hunter2"), ("AUDIT_SIGNING_KEY_FILE", "key")];
    let line = config(&both).unwrap_err().to_string();
    assert_eq!(line, "AUDIT_SIGNING_KEY_FILE: must not be set where AUDIT_SIGNING_KEY is");
    assert!(!format!("{:?}", config(&both[..1]).unwrap()).contains("hunter2"));
}

#[test]
fn a_given_address_holds_for_every_role() {
    let config = config(&[("HTTP_ADDR", "0.0.0.0:9000")]).unwrap();
    assert_eq!(config.listen_addr(8081).to_string(), "0.0.0.0:9000");
}

#[test]
fn local_accounts_are_refused_in_production() {
    let line = config(&[("IRIS_ENV", "production")]).unwrap_err().to_string();
    assert_eq!(line, "AUTH_PROVIDER: local is refused with IRIS_ENV=production");
}

const CLERK: [(&str, &str); 3] = [
    ("AUTH_PROVIDER", "clerk"),
    ("CLERK_ISSUER", "https://clerk.shop.example/"),
    ("CLERK_AUTHORIZED_PARTIES", "https://App.shop.example, https://admin.shop.example"),
];

fn with_clerk(name: &'static str, value: &'static str) -> Result<Config, ConfigError> {
    config(&[&CLERK[..], &[(name, value)]].concat())
}

#[test]
fn clerk_needs_an_issuer_and_the_frontends() {
    let clerk = config(&CLERK).unwrap().clerk.unwrap();
    assert_eq!(clerk.issuer, "https://clerk.shop.example");
    assert_eq!(clerk.jwks_url, "https://clerk.shop.example/.well-known/jwks.json");
    assert_eq!(clerk.authorized_parties, ["https://app.shop.example", "https://admin.shop.example"]);
    assert_eq!(clerk.webhook_secret().unwrap_err(), ConfigError::missing("CLERK_WEBHOOK_SECRET"));
    let other = with_clerk("CLERK_JWKS_URL", "https://keys.example/jwks").unwrap().clerk.unwrap();
    assert_eq!(other.jwks_url, "https://keys.example/jwks");
    for name in ["CLERK_ISSUER", "CLERK_AUTHORIZED_PARTIES"] {
        assert_eq!(with_clerk(name, "").unwrap_err(), ConfigError::missing(name));
    }
    for (name, value) in [
        ("CLERK_ISSUER", "clerk.shop.example"),
        ("CLERK_JWKS_URL", "https://u:hunter2@keys.example/jwks"),
        ("CLERK_AUTHORIZED_PARTIES", "*"),
        ("CLERK_AUTHORIZED_PARTIES", "https://app.shop.example/path"),
        ("CLERK_WEBHOOK_SECRET", "hunter2"),
        ("CLERK_WEBHOOK_SECRET", "whsec_hunter2="),
    ] {
        let line = with_clerk(name, value).expect_err("must be refused").to_string();
        assert!(line.starts_with(name) && !line.contains("hunter2"), "{line}");
    }
    // Not asked for where somebody else vouches for callers.
    assert!(config(&[]).unwrap().clerk.is_none());
}

#[test]
fn what_clerk_says_comes_over_https_in_production() {
    const PRODUCTION: [(&str, &str); 2] = [("IRIS_ENV", "production"), ("BLOB_DIR", "/srv/blobs")];
    assert!(config(&[&CLERK[..], &PRODUCTION].concat()).is_ok());
    for (name, value) in [
        ("CLERK_ISSUER", "http://clerk.shop.example"),
        ("CLERK_JWKS_URL", "http://clerk.shop.example/jwks"),
        ("CLERK_AUTHORIZED_PARTIES", "https://app.shop.example,http://app.shop.example"),
    ] {
        let line = config(&[&CLERK[..], &PRODUCTION, &[(name, value)]].concat()).unwrap_err().to_string();
        assert_eq!(line, format!("{name}: must begin with https:// with IRIS_ENV=production"));
        assert!(with_clerk(name, value).is_ok(), "a developer may");
    }
}

#[test]
fn real_mail_needs_a_sender_and_links_that_work() {
    let key = ("RESEND_API_KEY", "re_hunter2");
    let from = ("MAIL_FROM", "Iris <no-reply@iris.example>");
    let url = ("PUBLIC_URL", "http://iris.example");
    let line = |changes: &[_]| config(changes).unwrap_err().to_string();
    assert_eq!(line(&[key, url]), "MAIL_FROM: must be set where RESEND_API_KEY is");
    assert_eq!(line(&[key, from]), "PUBLIC_URL: must be set where RESEND_API_KEY is");
    assert_eq!(config(&[key, from, url]).unwrap().outbound.public_url.as_deref(), Some(url.1));
    // Without the key mails go into a folder, where defaults do.
    assert!(config(&[]).is_ok());
}

#[test]
fn links_in_real_mail_are_https_in_production() {
    let read = |url: &str| {
        let vars = HashMap::from([
            ("RESEND_API_KEY", "re_hunter2"),
            ("MAIL_FROM", "Iris <no-reply@iris.example>"),
            ("PUBLIC_URL", url),
        ]);
        let lookup = |name: &str| vars.get(name).map(ToString::to_string);
        Outbound::read(&Lookup::new(&lookup), Environment::Production)
    };
    let line = read("http://iris.example").unwrap_err().to_string();
    assert_eq!(
        line,
        "PUBLIC_URL: must begin with https:// where RESEND_API_KEY is set and IRIS_ENV=production"
    );
    assert!(read("https://iris.example").is_ok());
}

#[test]
fn the_python_form_of_the_url_is_taken() {
    let config = config(&[("DATABASE_URL", "postgresql+asyncpg://u:p@db/iris")]).unwrap();
    assert_eq!(config.database_url.expose_secret(), "postgresql://u:p@db/iris");
}

#[test]
fn users_are_read_in_order_and_lower_case() {
    let config = config(&[("DEV_USERS", &format!("Admin@iris.test:{HASH}, b@iris.test:{HASH}"))]).unwrap();
    let emails: Vec<_> = config.dev_users.iter().map(|user| user.email.as_str()).collect();
    assert_eq!(emails, ["admin@iris.test", "b@iris.test"]);
    assert_eq!(config.dev_users[0].password_hash.expose_secret(), HASH);
    let twice = format!("a@iris.test:{HASH},A@iris.test:{HASH}");
    assert_eq!(refusal("DEV_USERS", &twice), "DEV_USERS: entry 2 repeats an e-mail");
}

#[test]
fn a_lowered_maximum_lowers_the_default() {
    let limits = config(&[("MAX_PAGE_LIMIT", "20")]).unwrap().page_limits;
    assert_eq!((limits.default, limits.max), (20, 20));
}

#[test]
fn debug_shows_no_secret() {
    let config = config(&[("DEV_USERS", &format!("a@iris.test:{HASH}"))]).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains(SECRET) && !shown.contains(HASH) && !shown.contains(":pw@"), "{shown}");
}
