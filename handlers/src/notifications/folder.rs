//! Mail into a folder: what would have been sent, as files that any mail program opens. For development.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use mail_builder::{MessageBuilder, headers::raw::Raw};

use super::{outcome::Outcome, queue::Message};

/// Writes mails as `<time>-<message id>.eml`.
#[derive(Clone, Debug)]
pub struct MailFolder {
    folder: PathBuf,
    from: String,
}

impl MailFolder {
    /// Into that folder, which is made where it is not there; `from` is `Name <address>` or an address.
    pub fn new(folder: PathBuf, from: String) -> Self {
        Self { folder, from }
    }

    pub(crate) async fn send(&self, message: &Message) -> Outcome {
        let Some(recipient) = message.recipient.clone() else {
            return Outcome::Refused("no_recipient".to_owned());
        };
        let name = file_name(message);
        let eml = self.eml(message, &recipient);
        let folder = self.folder.clone();
        let path = name.clone();
        let written = tokio::task::spawn_blocking(move || write(&folder, &path, &eml)).await;
        match written {
            Ok(Ok(())) => Outcome::Sent(Some(name)),
            Ok(Err(error)) => Outcome::retry_certain(format!("file: {}", error.kind())),
            Err(_) => Outcome::retry_certain("file: the writer panicked"),
        }
    }

    fn eml(&self, message: &Message, recipient: &str) -> Vec<u8> {
        let mail = MessageBuilder::new()
            .from(sender(&self.from))
            .to(recipient.to_owned())
            .subject(message.subject.as_str())
            .date(message.created_at.timestamp())
            .message_id(format!("{}@iris.invalid", message.message_id))
            .text_body(message.text_body.as_str());
        let mail = match &message.html_body {
            Some(html) => mail.html_body(html.as_str()),
            None => mail,
        };
        let mail = match &message.unsubscribe_url {
            Some(url) => mail
                .header("List-Unsubscribe", Raw::new(format!("<{url}>")))
                .header("List-Unsubscribe-Post", Raw::new("List-Unsubscribe=One-Click")),
            None => mail,
        };
        mail.write_to_vec().expect("a vector takes every byte")
    }
}

/// The same whenever it is tried: a second attempt overwrites the first.
fn file_name(message: &Message) -> String {
    format!("{}-{}.eml", message.created_at.format("%Y%m%dT%H%M%SZ"), message.message_id)
}

fn sender(from: &str) -> (String, String) {
    match from.trim_end().strip_suffix('>').and_then(|from| from.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').to_owned(), address.trim().to_owned()),
        None => (String::new(), from.trim().to_owned()),
    }
}

/// Written beside and then renamed: nobody ever opens half a mail.
fn write(folder: &Path, name: &str, eml: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let draft = folder.join(format!(".{name}.tmp"));
    let mut file = std::fs::File::create(&draft)?;
    file.write_all(eml)?;
    file.sync_all()?;
    std::fs::rename(&draft, folder.join(name))
}
