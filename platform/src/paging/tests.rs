use proptest::prelude::*;

use super::*;

fn parse(query: &str) -> Result<Page, Vec<(String, String)>> {
    let uri = format!("/x?{query}").parse().unwrap();
    let mut pairs = query_pairs(&uri).unwrap();
    let (page, faults) = Page::take(&mut pairs, PageLimits::default());
    assert!(pairs.is_empty());
    if faults.as_slice().is_empty() {
        return Ok(page);
    }
    Err(faults.into_vec().into_iter().map(|fault| (fault.field, fault.code.into_owned())).collect())
}

#[test]
fn defaults_and_bounds() {
    assert_eq!(parse("").unwrap(), Page { limit: 50, offset: 0, cursor: None, count: false });
    assert_eq!(
        parse("limit=100&offset=7&count=true").unwrap(),
        Page { limit: 100, offset: 7, cursor: None, count: true }
    );
}

#[test]
fn what_is_out_of_bounds_is_refused_by_name() {
    for (query, field) in [
        ("limit=101", "limit"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=1&limit=2", "limit"),
        ("offset=-1", "offset"),
        ("offset=9223372036854775808", "offset"),
        ("cursor=x&offset=1", "offset"),
        ("count=1", "count"),
    ] {
        let faults = parse(query).unwrap_err();
        assert_eq!(faults.len(), 1, "{query}: {faults:?}");
        assert_eq!(faults[0].0, field, "{query}");
    }
    assert_eq!(parse("limit=x&offset=-1&count=maybe").unwrap_err().len(), 3);
}

#[test]
fn a_cursor_comes_back_as_it_was_written() {
    let key = ("2026-11-20T09:00:00Z".to_owned(), 7_u64);
    let cursor = write_cursor("orders", &key);
    assert_eq!(read_cursor::<(String, u64)>("orders", &cursor).unwrap(), key);
}

#[test]
fn a_changed_cursor_is_refused_whichever_byte_is_changed() {
    let cursor = write_cursor("orders", &(42_u64, "x"));
    for index in 0..cursor.len() {
        let mut bytes = cursor.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        let error = read_cursor::<(u64, String)>("orders", &changed).unwrap_err();
        assert_eq!((error.kind().status().as_u16(), error.code()), (422, "invalid_cursor"));
    }
}

#[test]
fn a_foreign_cut_or_huge_cursor_is_refused() {
    let cursor = write_cursor("orders", &42_u64);
    assert!(read_cursor::<u64>("products", &cursor).is_err());
    assert!(read_cursor::<u64>("orders", &cursor[..cursor.len() - 2]).is_err());
    assert!(read_cursor::<String>("orders", &cursor).is_err());
    assert!(read_cursor::<u64>("orders", "").is_err());
    assert!(read_cursor::<u64>("orders", &"A".repeat(5_000)).is_err());
}

#[test]
fn the_extra_row_tells_of_a_next_page_and_is_not_shown() {
    let page = Page { limit: 2, ..Page::default() };
    let list = List::of(vec![1_u64, 2, 3], &page, "numbers", |number| *number);
    assert_eq!(list.items, [1, 2]);
    assert_eq!(read_cursor::<u64>("numbers", &list.next_cursor.unwrap()).unwrap(), 2);
    let end = List::of(vec![1_u64, 2], &page, "numbers", |number| *number);
    assert_eq!(serde_json::to_value(end).unwrap()["next_cursor"], serde_json::Value::Null);
}

proptest! {
    #[test]
    fn what_nobody_wrote_is_no_cursor(text in any::<String>(), base64 in "[A-Za-z0-9_-]{0,80}") {
        for cursor in [text, base64] {
            let error = read_cursor::<(String, u64)>("orders", &cursor).unwrap_err();
            prop_assert_eq!((error.kind().status().as_u16(), error.code()), (422, "invalid_cursor"));
        }
    }

    #[test]
    fn every_key_comes_back_and_only_to_its_list(text in ".{0,200}", number in any::<u64>()) {
        let cursor = write_cursor("orders", &(&text, number));
        prop_assert_eq!(read_cursor::<(String, u64)>("orders", &cursor).unwrap(), (text, number));
        prop_assert!(read_cursor::<(String, u64)>("products", &cursor).is_err());
    }

    #[test]
    fn a_page_that_is_taken_is_within_its_bounds(
        mut pairs in prop::collection::vec(("(limit|offset|cursor|count|q)", "(true|[-+]?[0-9]{0,22}|.{0,4})"), 0..5),
    ) {
        let (page, faults) = Page::take(&mut pairs, PageLimits::default());
        prop_assert!(pairs.iter().all(|(name, _)| name == "q"), "the list's own are left");
        if faults.as_slice().is_empty() {
            prop_assert!((1..=100).contains(&page.limit) && page.offset_i64() >= 0);
            prop_assert!(page.cursor.is_none() || page.offset == 0);
        }
    }

    #[test]
    fn no_query_panics(query in "[!-~]{0,60}") {
        let Ok(uri) = format!("/x?{query}").parse() else { return Ok(()) };
        match query_pairs(&uri) {
            Ok(mut pairs) => { let _either = Page::take(&mut pairs, PageLimits::default()); }
            Err(error) => prop_assert_eq!((error.kind().status().as_u16(), error.code()), (400, "invalid_query")),
        }
    }
}
