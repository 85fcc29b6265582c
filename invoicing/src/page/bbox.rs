//! Word boxes as poppler's `pdftotext -bbox` writes them.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::{PAGES_MAX, Page, PageSize, WORDS_MAX, WORDS_OF_FILE_MAX, Word};
use crate::{invoice::Area, refusal::Refusal};

/// The pages of a PDF's text layer; a page of pictures has no words.
///
/// # Errors
/// Too many pages or words, or not what poppler writes.
pub fn from_bbox(html: &str) -> Result<Vec<Page>, Refusal> {
    let mut reader = Reader::from_str(html);
    let mut pages: Vec<Page> = Vec::new();
    let mut open: Option<Area> = None;
    let mut text = String::new();
    let mut count = 0;
    loop {
        match reader.read_event().map_err(|error| Refusal::DamagedPdf(error.to_string()))? {
            Event::Start(tag) | Event::Empty(tag) if tag.name().as_ref() == "page" => {
                if pages.len() == PAGES_MAX {
                    return Err(Refusal::TooManyPages { limit: PAGES_MAX });
                }
                let number = u32::try_from(pages.len() + 1).expect("the limit is far below 2^32");
                pages.push(Page { number, size: size(&tag), ..Page::default() });
            }
            Event::Start(tag) if tag.name().as_ref() == "word" => {
                open = area(&tag);
                text.clear();
            }
            Event::Text(part) if open.is_some() => text.push_str(part.as_ref()),
            Event::GeneralRef(name) if open.is_some() => text.push_str(&entity(name.as_ref())),
            Event::End(tag) if tag.name().as_ref() == "word" => {
                if let (Some(area), Some(page)) = (open.take(), pages.last_mut())
                    && page.words.len() < WORDS_MAX
                    && !text.trim().is_empty()
                {
                    let text = text.trim().to_owned();
                    count += 1;
                    if count > WORDS_OF_FILE_MAX {
                        return Err(Refusal::TooCostly);
                    }
                    page.words.push(Word { text, area, confidence: 1000, agreed: true, others: Vec::new() });
                }
            }
            Event::Eof => return Ok(pages),
            _ => {}
        }
    }
}

fn entity(name: &str) -> String {
    match name {
        "amp" => "&".to_owned(),
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "quot" => "\"".to_owned(),
        "apos" => "'".to_owned(),
        other => other
            .strip_prefix('#')
            .and_then(|code| code.parse().ok())
            .and_then(char::from_u32)
            .map_or_else(String::new, String::from),
    }
}

/// Zero where it cannot be read: such a page is not drawn.
fn size(tag: &BytesStart<'_>) -> PageSize {
    let side = |name: &str| length(tag, name).unwrap_or_default();
    PageSize { width: side("width"), height: side("height") }
}

fn length(tag: &BytesStart<'_>, name: &str) -> Option<i32> {
    let attribute = tag.try_get_attribute(name).ok()??;
    hundredths(&attribute.value)
}

fn area(tag: &BytesStart<'_>) -> Option<Area> {
    let edge = |name: &str| length(tag, name);
    Some(Area { left: edge("xMin")?, top: edge("yMin")?, right: edge("xMax")?, bottom: edge("yMax")? })
}

/// "43.499998" as 4349: what is beyond a hundredth of a point is noise.
fn hundredths(text: &str) -> Option<i32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = part.chars().chain("00".chars()).take(2).collect();
    let value: i32 = whole.parse::<i32>().ok()?.checked_mul(100)?;
    let part: i32 = digits.parse().ok()?;
    Some(if text.starts_with('-') { value - part } else { value + part })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_with_their_boxes() {
        let html = r#"<!DOCTYPE html><html><body><doc><page width="595.0" height="842.0">
            <word xMin="43.499998" yMin="45.6" xMax="50" yMax="60.81">M&amp;Ö</word></page></doc></body></html>"#;
        let pages = from_bbox(html).unwrap();
        assert_eq!(pages[0].size, PageSize { width: 59_500, height: 84_200 });
        let area = Area { left: 4349, top: 4560, right: 5000, bottom: 6081 };
        assert_eq!(
            pages[0].words,
            [Word { text: "M&Ö".to_owned(), area, confidence: 1000, agreed: true, others: Vec::new() }]
        );
    }

    #[test]
    fn pages_are_bounded() {
        let html = "<page/>".repeat(PAGES_MAX + 1);
        assert_eq!(from_bbox(&html), Err(Refusal::TooManyPages { limit: PAGES_MAX }));
    }
}
