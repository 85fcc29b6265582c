use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::{
    server::{OK, Server, say},
    *,
};

/// An authority that the client trusts, and whom it vouches for.
struct Authority {
    root: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = Certificate::from_der(params.self_signed(&key).unwrap().der()).unwrap();
        Self { root, issuer: Issuer::new(params, key) }
    }

    /// A server with a certificate by this authority.
    async fn vouches_for(&self, params: CertificateParams) -> Server {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        encrypted(&certificate, &key).await
    }

    fn egress(&self) -> Egress {
        Egress::trusting(&settings(&["127.0.0.0/8"]), std::slice::from_ref(&self.root)).unwrap()
    }
}

fn valid_for(host: &str) -> CertificateParams {
    CertificateParams::new([host.to_owned()]).unwrap()
}

async fn encrypted(certificate: &rcgen::Certificate, key: &KeyPair) -> Server {
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Server::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                say(stream, OK).await;
            }
        }
    })
    .await
}

async fn failure(egress: &Egress, server: &Server) -> SendFailure {
    let sent = post(egress, &format!("https://127.0.0.1:{}/", server.port)).await;
    assert_eq!((server.connections(), sent.headers_after), (1, None), "refused in the handshake");
    sent.result.unwrap_err()
}

#[tokio::test]
async fn a_certificate_by_somebody_trusted_is_trusted() {
    let authority = Authority::new();
    let server = authority.vouches_for(valid_for("127.0.0.1")).await;
    let sent = post(&authority.egress(), &format!("https://127.0.0.1:{}/", server.port)).await;
    assert_eq!(sent.result.unwrap().body, "ok");
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let mut params = valid_for("127.0.0.1");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    let server = authority.vouches_for(params).await;
    assert_eq!(failure(&authority.egress(), &server).await, SendFailure::Tls);
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let authority = Authority::new();
    let server = authority.vouches_for(valid_for("partner.example")).await;
    assert_eq!(failure(&authority.egress(), &server).await, SendFailure::Tls);
}

#[tokio::test]
async fn a_certificate_that_vouches_for_itself_is_refused() {
    let key = KeyPair::generate().unwrap();
    let server = encrypted(&valid_for("127.0.0.1").self_signed(&key).unwrap(), &key).await;
    assert_eq!(failure(&patient(), &server).await, SendFailure::Tls);
}

#[tokio::test]
async fn who_does_not_speak_tls_is_refused() {
    let server = Server::start(|mut stream| async move {
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, OK).await;
        // Stays until the other side has gone, lest the reset overtake the answer.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await;
    assert_eq!(failure(&patient(), &server).await, SendFailure::Tls);
}

#[tokio::test]
async fn a_handshake_that_stalls_runs_out_of_the_connections_time() {
    let server = Server::start(|mut stream| async move {
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await;
    let settings =
        EgressSettings { connect_timeout: Duration::from_millis(300), ..settings(&["127.0.0.0/8"]) };
    let egress = Egress::try_new(&settings).unwrap();
    assert_eq!(failure(&egress, &server).await, SendFailure::Timeout);
}
