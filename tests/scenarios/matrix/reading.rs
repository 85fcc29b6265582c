//! From a table's text to its rows. A table that cannot be read is a fault of its writer, and panics.

use super::{
    callers::{COLUMNS, Caller, STRANGERS},
    row::{Cell, Payload, Row, Verdict, Whose},
};

/// The rows of one table.
pub fn rows(table: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for line in table.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        if line.starts_with("operation") {
            check_heading(line);
        } else if let Some(payload) = line.strip_prefix("  ") {
            rows.last_mut().expect("a body belongs to the row above it").payload = read_payload(payload);
        } else {
            rows.push(read_row(line));
        }
    }
    rows
}

fn check_heading(line: &str) {
    let titles: Vec<&str> = line.split('|').nth(3).expect("five fields").split_whitespace().collect();
    assert_eq!(titles, COLUMNS.map(|(title, _)| title), "the columns have their order");
}

fn read_row(line: &str) -> Row {
    let fields: Vec<&str> = line.split('|').map(str::trim).collect();
    let [operation, thing, answer, cells, codes] = fields[..] else { panic!("five fields: {line}") };
    let (method, path) = operation.split_once(' ').unwrap_or_else(|| panic!("METHOD path: {line}"));
    let (thing, exchanged) =
        thing.split_once('~').map_or((thing, None), |(of, id)| (of, Some(id.to_owned())));
    let mut words = answer.split_whitespace();
    let status = words.next().unwrap_or_else(|| panic!("a status: {line}"));
    let row = Row {
        method: method.parse().expect("a method"),
        path: path.trim().to_owned(),
        thing: thing.to_owned(),
        exchanged,
        status: if status == "lists" { 200 } else { status.parse().expect("a status") },
        is_list: status == "lists",
        is_serial: words.next() == Some("serial"),
        payload: Payload::Nothing,
        cells: read_cells(cells),
        codes: codes.split_whitespace().map(read_code).collect(),
    };
    let needs = |verdict, status| {
        let is_there = row.cells.iter().any(|cell| cell.verdict == verdict) && !row.is_list;
        assert!(!is_there || row.codes.iter().any(|(of, _)| *of == status), "no code for {status}: {line}");
    };
    needs(Verdict::Hidden, 404);
    needs(Verdict::Conflict, 409);
    row
}

fn read_code(word: &str) -> (u16, String) {
    let (status, code) = word.split_once('=').unwrap_or_else(|| panic!("status=code: {word}"));
    (status.parse().expect("a status"), code.to_owned())
}

fn read_cells(text: &str) -> Vec<Cell> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let known = COLUMNS.map(|(_, caller)| caller);
    let of_everybody = |callers: &[Caller], word: &str| {
        callers.iter().flat_map(|caller| read_cell(*caller, word)).collect::<Vec<_>>()
    };
    match words[..] {
        ["everyone", word] => of_everybody(&[&known[..], &STRANGERS].concat(), word),
        ["anyone", word] => [of_everybody(&known, word), strangers(word.len())].concat(),
        _ => {
            assert_eq!(words.len(), known.len(), "a cell for each caller: {text}");
            let mut cells: Vec<Cell> =
                std::iter::zip(known, &words).flat_map(|(caller, word)| read_cell(caller, word)).collect();
            cells.extend(strangers(words.iter().map(|word| word.len()).max().unwrap_or_default()));
            cells
        }
    }
}

/// Who is not logged in is told so, whatever it asks for.
fn strangers(signs: usize) -> Vec<Cell> {
    let of = |caller| read_cell(caller, if signs == 3 { "!.!" } else { "!" });
    STRANGERS.into_iter().flat_map(of).collect()
}

fn read_cell(caller: Caller, word: &str) -> Vec<Cell> {
    assert!((1..=3).contains(&word.len()), "own, neighbour's, nobody's: {word}");
    let whose = [Whose::Own, Whose::Neighbours, Whose::Nobodys];
    let cells = std::iter::zip(whose, word.chars()).filter_map(|(whose, sign)| {
        let verdict = match sign {
            '+' => Verdict::Done,
            'x' => Verdict::Forbidden,
            '-' => Verdict::Hidden,
            'c' => Verdict::Conflict,
            '!' => Verdict::Unauthorized,
            '.' => return None,
            _ => panic!("no such sign: {word}"),
        };
        Some(Cell { caller, whose, verdict })
    });
    cells.collect()
}

fn read_payload(text: &str) -> Payload {
    let (kind, rest) = text.trim().split_once(' ').expect("a kind and a body");
    match kind {
        "json" => Payload::Json(rest.to_owned()),
        "form" => Payload::Form(rest.to_owned()),
        "file" => {
            let mut words = rest.split_whitespace();
            let name = words.next().expect("a file's name").to_owned();
            let field = |word: &str| {
                let (name, value) = word.split_once('=').expect("field=value");
                (name.to_owned(), value.to_owned())
            };
            Payload::File(name, words.map(field).collect())
        }
        _ => panic!("json, form or file: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_is_meant() {
        let table = "# why\n\
                     operation | thing | answer | ADMIN AUDIT S-OWN S-STF R-OWN R-STF PART PART0 FRESH | codes\n\
                     POST /a/{id}?x={y} | order~id | 201 serial | + x +x- c-- . . . . . | 404=gone 409=late\n  json {}";
        let rows = rows(table);
        let [row] = &rows[..] else { panic!("one row: {rows:?}") };
        assert_eq!((row.operation(), row.status, row.is_serial), ("POST /a/{id}".to_owned(), 201, true));
        assert_eq!((row.thing.as_str(), row.exchanged.as_deref()), ("order", Some("id")));
        assert!(matches!(&row.payload, Payload::Json(body) if body == "{}"));
        assert_eq!((row.code(404), row.code(409), row.code(403)), ("gone", "late", "forbidden"));
        let of = |caller| {
            let cells = row.cells.iter().filter(move |cell| cell.caller == caller);
            cells.map(|cell| (cell.whose, cell.verdict)).collect::<Vec<_>>()
        };
        assert_eq!(of(Caller::Admin), [(Whose::Own, Verdict::Done)]);
        let each = [
            (Whose::Own, Verdict::Done),
            (Whose::Neighbours, Verdict::Forbidden),
            (Whose::Nobodys, Verdict::Hidden),
        ];
        assert_eq!(of(Caller::Seller), each);
        assert_eq!(of(Caller::Newcomer), []);
        let told = [(Whose::Own, Verdict::Unauthorized), (Whose::Nobodys, Verdict::Unauthorized)];
        assert_eq!((of(Caller::Nobody), of(Caller::Forger)), (told.to_vec(), told.to_vec()));
    }
}
