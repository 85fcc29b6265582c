//! The programs that read PDFs and scans, and the one that walls them in.

use std::path::Path;

use super::{install_system, isolation::in_path};

/// Each program, and the package of Debian and Ubuntu that it is in.
const PROGRAMS: [(&str, &str); 4] = [
    ("pdftotext", "poppler-utils"),
    ("pdftoppm", "poppler-utils"),
    ("tesseract", "tesseract-ocr"),
    ("bwrap", "bubblewrap"),
];
/// Tesseract's languages, each a package of its own. English reads numbers, Swedish reads words.
const LANGUAGES: [(&str, &str); 2] = [("eng", "tesseract-ocr-eng"), ("swe", "tesseract-ocr-swe")];

/// Installs what is missing, where `system_packages` may be installed; says in one line what is missing still.
///
/// Nothing stops without them: XML is read, text layers need poppler alone, and scans wait for a person.
pub fn provide(system_packages: bool) {
    let mut missing = missing();
    if !missing.is_empty() && system_packages && install_system::possible() {
        eprintln!("readers of pages: installing {} with apt-get", missing.join(", "));
        if let Err(error) = install_system::install(&missing) {
            eprintln!("readers of pages: {error}");
        }
        missing = self::missing();
    }
    if !missing.is_empty() {
        eprintln!("readers of pages: not all PDFs and scans can be read without {}", missing.join(", "));
    }
}

/// Packages that are not there.
fn missing() -> Vec<&'static str> {
    let programs = PROGRAMS.iter().filter(|(program, _)| !in_path(program));
    let languages = LANGUAGES.iter().filter(|(language, _)| !has_language(language));
    // On macOS there is no bubblewrap, and Homebrew's tesseract has its languages elsewhere.
    let needed = programs.chain(languages).filter(|_| cfg!(target_os = "linux"));
    let mut packages: Vec<&str> = needed.map(|(_, package)| *package).collect();
    packages.dedup();
    packages
}

/// Whether tesseract's model is in the folder of any of its versions.
fn has_language(language: &str) -> bool {
    let model = format!("{language}.traineddata");
    let folders = [
        "/usr/share/tesseract-ocr/4.00/tessdata",
        "/usr/share/tesseract-ocr/5/tessdata",
        "/usr/share/tessdata",
    ];
    folders.iter().any(|folder| Path::new(folder).join(&model).is_file())
}
