//! What key providers are asked.

use metrics::{counter, describe_counter};

use super::ProviderError;

const ASKED: &str = "iris_key_provider_requests_total";

/// Describes them; at the start of a process.
pub(super) fn describe() {
    describe_counter!(
        ASKED,
        "Requests to a key provider over the network (provider, operation), and whether it answered (outcome: \
         answered, failed). A few per start and rotation: a rising rate of failed means that new data keys, and \
         starts, have to wait."
    );
}

/// Counts the request by whether it was answered at all.
pub(super) async fn counted<T>(
    provider: &'static str,
    operation: &'static str,
    asking: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    let answer = asking.await;
    let outcome = if answer.is_ok() { "answered" } else { "failed" };
    counter!(ASKED, "provider" => provider, "operation" => operation, "outcome" => outcome).increment(1);
    answer
}
