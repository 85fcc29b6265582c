//! What invoices on their way in tell of themselves.

use ::metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use super::Lane;

/// Says what each metric means.
pub fn describe() {
    describe_counter!(
        "iris_invoices_received_total",
        "Files kept, by kind: xml, json, hybrid_pdf, pdf, picture. One that had come before is counted, too."
    );
    describe_counter!(
        "iris_invoices_refused_total",
        "Files refused, by code, at the door or by whoever read their pages; a code that grows is a sender in \
         trouble, or somebody who tries."
    );
    describe_counter!(
        "iris_invoices_settled_total",
        "Invoices by the status that they had once they were read: matched and matched_with_variance went \
         without a person."
    );
    describe_histogram!(
        "iris_invoice_reading_seconds",
        Unit::Seconds,
        "Time that reading a file's pages took, by lane: text or ocr; waiting not counted."
    );
    describe_gauge!(
        "iris_invoice_queue_depth",
        "Files that wait to be read or are being read, by lane. ocr at its bound means that pictures are \
         turned away."
    );
}

/// A file was kept.
pub fn received(kind: &'static str) {
    counter!("iris_invoices_received_total", "kind" => kind).increment(1);
}

/// A file was refused.
pub fn refused(code: &'static str) {
    counter!("iris_invoices_refused_total", "code" => code).increment(1);
}

/// An invoice was read, and judged.
pub fn settled(status: &str) {
    counter!("iris_invoices_settled_total", "status" => status.to_owned()).increment(1);
}

/// A file's pages were read.
pub fn read(lane: Lane, seconds: f64) {
    histogram!("iris_invoice_reading_seconds", "lane" => lane.name()).record(seconds);
}

/// So many wait.
pub fn depth(lane: Lane, jobs: i64) {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    gauge!("iris_invoice_queue_depth", "lane" => lane.name()).set(jobs as f64);
}
