//! A story as text: what is read aloud, or printed.

use std::fmt::Write as _;

use super::{
    story::{OrderStory, StoryEntry},
    words::in_one_line,
};

/// A sentence per event, what it changed below it, and which request it came of.
pub(super) fn as_text(story: &OrderStory) -> String {
    let mut text = format!("Order {}\n", story.order_id);
    for entry in &story.items {
        push(&mut text, entry);
    }
    if !story.complete {
        text.push_str("\nNot all of it: this order has more events than a story holds.\n");
    }
    text
}

fn push(text: &mut String, entry: &StoryEntry) {
    let time = entry.recorded_at.format("%Y-%m-%d %H:%M:%S UTC");
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    line(String::new());
    line(format!("{time}  {}: {}", entry.who.said(), entry.words));
    for change in &entry.changes {
        let from = change.from.as_deref().map(|from| format!("{} → ", in_one_line(from))).unwrap_or_default();
        line(format!("    {}: {from}{}", in_one_line(&change.what), in_one_line(&change.to)));
    }
    let mut origin = format!("    position {}", entry.position);
    if let Some(request) = &entry.request.request_id {
        let _ = write!(origin, ", request {}", in_one_line(request));
    }
    if let Some(trace) = entry.request.trace_id() {
        let _ = write!(origin, ", trace {}", in_one_line(trace));
    }
    line(origin);
}
