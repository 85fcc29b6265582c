//! The envelope of a list.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Page, write_cursor};

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct List<T> {
    /// At most `limit` items, in the list's order.
    pub items: Vec<T>,
    /// The limit that held.
    pub limit: u32,
    /// The offset that held.
    pub offset: u64,
    /// Hand it back as `cursor` for the next page; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Items of the whole list; only with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

impl<T> List<T> {
    /// A page out of up to `limit + 1` rows, the extra one telling that there is a next page.
    ///
    /// `key` gives the sort key of an item; `list` is the name under which its cursors are valid.
    pub fn of<K: Serialize>(
        mut rows: Vec<T>,
        page: &Page,
        list: &'static str,
        key: impl FnOnce(&T) -> K,
    ) -> Self {
        let limit = page.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| write_cursor(list, &key(last)));
        Self { items: rows, limit: page.limit, offset: page.offset, next_cursor, total: None }
    }

    /// The same with the total.
    #[must_use]
    pub fn with_total(self, total: Option<u64>) -> Self {
        Self { total, ..self }
    }
}
