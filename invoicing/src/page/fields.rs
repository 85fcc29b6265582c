//! Number, dates, references and accounts: what stands beside known labels.

use chrono::NaiveDate;

use super::{
    dates,
    labels::{self, currency},
    lexicon::{Label, normal},
    rows::{Row, Sheet},
    table::Tables,
    token::Token,
};
use crate::{
    checksum,
    invoice::{Field, Invoice, Kind, Payment, Text},
};

/// Reads every labelled value outside the table of lines; the first of a kind counts.
pub(super) fn read(sheets: &[Sheet], tables: &Tables, invoice: &mut Invoice) {
    invoice.kind = kind(sheets, tables);
    let mut headed: Text = None;
    let mut payment = Payment::default();
    for (sheet, table) in sheets.iter().zip(&tables.rows) {
        for row in (0..sheet.rows.len()).filter(|row| !table.contains(row)) {
            for (label, tokens) in labels::beside_or_below(sheet, row) {
                if label == Label::Heading && row < table.start {
                    set(
                        &mut headed,
                        tokens.first().filter(|token| has_digit(token)).map(|token| word(token)),
                    );
                }
                take(label, &tokens, invoice, &mut payment);
            }
            vat_number(sheet, row, invoice);
            glued_legal_id(sheet, row, invoice);
        }
    }
    set(&mut invoice.number, headed);
    if invoice.issue_date.is_none() {
        invoice.issue_date = unlabelled_date(sheets, tables);
    }
    if payment.account.is_some() || payment.reference.is_some() {
        invoice.payments.push(payment);
    }
    invoice.currency = printed_currency(sheets);
}

fn take(label: Label, tokens: &[&Token], invoice: &mut Invoice, payment: &mut Payment) {
    let first = tokens.first().copied();
    let references = &mut invoice.references;
    match label {
        Label::Number => set(&mut invoice.number, first.filter(|token| has_digit(token)).map(word)),
        Label::IssueDate => set(&mut invoice.issue_date, date(tokens)),
        Label::DueDate => set(&mut invoice.due_date, date(tokens)),
        Label::DeliveryDate => set(&mut invoice.delivery_date, date(tokens)),
        Label::Order => set(&mut references.order, first.filter(|token| has_digit(token)).map(word)),
        Label::BuyerReference => set(&mut references.buyer, phrase(tokens)),
        Label::Despatch => set(&mut references.despatch, first.filter(|token| has_digit(token)).map(word)),
        Label::Preceding if references.preceding.is_empty() => {
            references.preceding.extend(first.filter(|token| has_digit(token)).map(word));
        }
        Label::LegalId => {
            let digits = first.map(|token| (token, checksum::digits(&token.text)));
            let number = digits.filter(|(_, digits)| digits.len() == 10);
            set(&mut invoice.seller.legal_id, number.map(|(token, digits)| checked(token, digits)));
        }
        Label::Bankgiro => account(payment, first, "SE:BANKGIRO", 7..=8),
        Label::Plusgiro => account(payment, first, "SE:PLUSGIRO", 2..=8),
        Label::PaymentReference => {
            set(&mut payment.reference, first.filter(|token| has_digit(token)).map(word));
        }
        _ => {}
    }
}

fn set<T>(slot: &mut Option<T>, value: Option<T>) {
    if slot.is_none() {
        *slot = value;
    }
}

fn word(token: &Token) -> Field<String> {
    token.field(token.text.trim_matches([':', ';', ',']).to_owned())
}

fn has_digit(token: &Token) -> bool {
    token.text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Words that stand close together.
fn phrase(tokens: &[&Token]) -> Text {
    let first = *tokens.first()?;
    let together =
        1 + tokens.windows(2).take_while(|pair| pair[0].gap_to(pair[1]) < first.area.height()).count();
    let words: Vec<&str> = tokens[..together].iter().map(|token| token.text.as_str()).collect();
    Some(first.field(words.join(" ")))
}

/// Of one word, or of three: "12 maj 2026".
fn date(tokens: &[&Token]) -> Option<Field<NaiveDate>> {
    let first = *tokens.first()?;
    let whole = || {
        let words: Vec<&str> = tokens.iter().take(3).map(|token| token.text.as_str()).collect();
        dates::parse(&words.join(" "))
    };
    dates::parse(&first.text).or_else(whole).map(|date| first.field(date))
}

/// A date that stands beside nothing known is the invoice's, probably: enough for a person to see, and
/// too little to go on with.
fn unlabelled_date(sheets: &[Sheet], tables: &Tables) -> Option<Field<NaiveDate>> {
    let (sheet, table) = (sheets.first()?, tables.rows.first()?);
    let rows = sheet.rows[..table.start].iter().filter(|row| labels::in_row(row).is_empty());
    let mut dates = rows.flat_map(|row| &row.tokens).filter_map(|token| {
        dates::parse(&token.text).map(|date| {
            let field = token.field(date);
            Field { confidence: field.confidence / 2, ..field }
        })
    });
    dates.next()
}

/// A number with a check digit that is right is surer than the reader was; with a wrong one, less.
fn checked(token: &Token, digits: String) -> Field<String> {
    let is_right = checksum::is_luhn(&digits);
    let mut field = token.field(digits);
    if !is_right {
        field.confidence /= 2;
    }
    field
}

fn account(
    payment: &mut Payment,
    token: Option<&Token>,
    branch: &str,
    lengths: std::ops::RangeInclusive<usize>,
) {
    let Some(token) = token.filter(|_| payment.account.is_none()) else { return };
    let digits = checksum::digits(&token.text);
    if lengths.contains(&digits.len()) {
        payment.branch = Some(token.field(branch.to_owned()));
        payment.account = Some(checked(token, digits));
    }
}

/// A Swedish VAT number is known by its form, wherever it stands: labels wrap away from it.
fn vat_number(sheet: &Sheet, row: usize, invoice: &mut Invoice) {
    let is_vat = |token: &&Token| {
        let text = token.text.trim_end_matches(['.', ',', ';']);
        let Some(digits) = text.strip_prefix("SE") else { return false };
        digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let found = sheet.rows[row].tokens.iter().find(is_vat);
    let field = found.map(|token| {
        let text = token.text.trim_end_matches(['.', ',', ';']);
        checked(token, text[2..12].to_owned()).map(|_| text.to_owned())
    });
    set(&mut invoice.seller.vat_id, field);
}

/// "Org.nr551000-0473": scans lose the space.
fn glued_legal_id(sheet: &Sheet, row: usize, invoice: &mut Invoice) {
    let found = sheet.rows[row].tokens.iter().find_map(|token| {
        let folded = normal(&token.text);
        let digits = folded.strip_prefix("orgnr")?;
        let is_number = digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| checked(token, digits.to_owned()))
    });
    set(&mut invoice.seller.legal_id, found);
}

/// A credit note says so above its table, or in what is to be received.
fn kind(sheets: &[Sheet], tables: &Tables) -> Kind {
    const CREDITS: [&str; 5] = ["kreditfaktura", "kreditnota", "creditnote", "creditmemo", "creditinvoice"];
    let text = |row: &Row| row.tokens.iter().map(|token| normal(&token.text)).collect::<String>();
    let above = sheets.first().zip(tables.rows.first()).map_or(&[][..], |(sheet, table)| {
        let end = if table.is_empty() { sheet.rows.len() } else { table.start };
        &sheet.rows[..end]
    });
    let is_headed = above.iter().any(|row| {
        let text = text(row);
        let is_about_another = text.contains("avser") || text.contains("krediterar");
        CREDITS.iter().any(|credit| text.contains(credit)) && !is_about_another
            || labels::in_row(row).iter().any(|found| {
                let words = &row.tokens[found.start..found.end];
                found.label == Label::Number
                    && words.iter().any(|word| normal(&word.text).starts_with("kredit"))
            })
    });
    let is_owed = sheets.iter().flat_map(|sheet| &sheet.rows).any(|row| text(row).contains("atterhalla"));
    if is_headed || is_owed { Kind::CreditNote } else { Kind::Invoice }
}

fn printed_currency(sheets: &[Sheet]) -> Text {
    let tokens = || sheets.iter().flat_map(|sheet| sheet.rows.iter().rev()).flat_map(|row| &row.tokens);
    let named = tokens().find_map(|token| currency(&token.text).map(|code| token.field(code.to_owned())));
    let signed = || {
        tokens().filter(|token| token.number.is_some()).find_map(|token| {
            let sign = token.text.chars().find(|sign| matches!(sign, '$' | '€' | '£'))?;
            currency(&sign.to_string()).map(|code| token.field(code.to_owned()))
        })
    };
    named.or_else(signed)
}
