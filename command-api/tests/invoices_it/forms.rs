//! Requests with files, and the files.

use std::{
    fmt::Write as _,
    io::{Cursor, Write as _},
    path::Path,
};

use axum::{
    body::Body,
    http::{Request, header},
};
use zip::{ZipWriter, write::SimpleFileOptions};

/// A file of `tests/invoices`.
pub fn file(path: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/invoices");
    std::fs::read(folder.join(path)).unwrap()
}

/// `food/food-01-produce.xml`, for that order; with none, for whatever order there is.
pub fn produce(order_id: Option<&str>) -> Vec<u8> {
    let xml = String::from_utf8(file("food/food-01-produce.xml")).unwrap();
    let reference = "<cac:OrderReference><cbc:ID>PO-2026-00417</cbc:ID></cac:OrderReference>";
    let instead = order_id.map(|id| reference.replace("PO-2026-00417", id)).unwrap_or_default();
    assert!(xml.contains(reference));
    xml.replace(reference, &instead).into_bytes()
}

/// A PDF with one page and nothing on it: no text layer, so it goes the way of scans.
pub fn blank_pdf() -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
    ];
    let mut pdf = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(pdf.len());
        write!(pdf, "{} 0 obj\n{object}\nendobj\n", index + 1).unwrap();
    }
    let table = pdf.len();
    pdf += "xref\n0 4\n0000000000 65535 f \n";
    for place in places {
        writeln!(pdf, "{place:010} 00000 n ").unwrap();
    }
    write!(pdf, "trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n").unwrap();
    pdf.into_bytes()
}

/// A ZIP with these entries.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Of a form: name, what the file is called (empty for a value), bytes.
pub type Part<'a> = (&'a str, &'a str, &'a [u8]);

/// A form with these parts. Names and types of files lie.
pub fn form(path: &str, parts: &[Part<'_>]) -> Request<Body> {
    const BOUNDARY: &str = "iris-test-boundary";
    let mut body = Vec::new();
    for (name, file_name, bytes) in parts {
        let file_name = match *file_name {
            "" => String::new(),
            name => format!("; filename=\"{name}\"\r\nContent-Type: text/html"),
        };
        let head =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file_name}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    Request::post(format!("/api/v1{path}"))
        .header(header::CONTENT_TYPE, content_type)
        .body(Body::from(body))
        .unwrap()
}

/// The same with a header more.
pub fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}
