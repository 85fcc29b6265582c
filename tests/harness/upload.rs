//! Files, sent as a browser sends a form.

use reqwest::{
    Method,
    multipart::{Form, Part},
};

use crate::{Client, client::Answer};

/// Files with their names.
#[derive(Clone, Debug, Default)]
pub struct Upload(Vec<(String, Vec<u8>)>);

impl Upload {
    /// One file.
    #[must_use]
    pub fn file(name: &str, bytes: &[u8]) -> Self {
        Self::default().and_file(name, bytes)
    }

    /// Another file.
    #[must_use]
    pub fn and_file(mut self, name: &str, bytes: &[u8]) -> Self {
        self.0.push((name.to_owned(), bytes.to_vec()));
        self
    }

    fn form(&self) -> Form {
        self.0.iter().fold(Form::new(), |form, (name, bytes)| {
            form.part("file", Part::bytes(bytes.clone()).file_name(name.clone()))
        })
    }
}

impl Client {
    /// Sends files.
    ///
    /// # Panics
    /// If nobody answers.
    pub async fn upload(&self, path: &str, upload: &Upload) -> Answer {
        Answer::of(self.request(Method::POST, path).multipart(upload.form())).await.expect("answers")
    }

    /// Sends files under a key until somebody answers for good, as [`Client::insist`].
    pub async fn insist_upload(&self, path: &str, key: &str, upload: &Upload) -> Answer {
        loop {
            let request = self.request(Method::POST, path).header("idempotency-key", key);
            match Answer::of(request.multipart(upload.form())).await {
                Ok(answer) if !answer.status.is_server_error() => return answer,
                _ => tokio::task::yield_now().await,
            }
        }
    }
}
