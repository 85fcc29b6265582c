//! A row against the program.

use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};
use harness::client::Answer;
use serde_json::Value;

use super::{
    asking::{Ids, ask, nobodys},
    row::{Cell, Row, Verdict, Whose},
    world::World,
};

/// How many requests are under way at once.
const ABREAST: usize = 8;

/// What a cell was answered, with the ids that were asked for.
struct Asked {
    cell: Cell,
    ids: Ids,
    answer: Answer,
}

/// What is not as the row says, a line each.
pub async fn faults(world: &World, row: &Row) -> Vec<String> {
    let spends = |cell: &Cell| cell.verdict == Verdict::Done && !row.is_read();
    let (spending, keeping): (Vec<Cell>, Vec<Cell>) = row.cells.iter().partition(|cell| spends(cell));
    let mut prepared = Vec::new();
    for cell in keeping {
        prepared.push((cell, kept(world, row, cell).await));
    }
    let abreast = if row.is_serial { 1 } else { ABREAST };
    let (head, before) = (world.head().await, world.traces().await);
    let asking = prepared.into_iter().map(async |(cell, ids)| {
        let answer = answered(world, row, cell, &ids, head).await;
        Asked { cell, ids, answer }
    });
    let kept: Vec<Asked> = stream::iter(asking).buffered(abreast).collect().await;
    let after = world.traces().await;
    let mut faults: Vec<String> = kept.iter().filter_map(|asked| fault(row, asked)).collect();
    if before != after {
        faults.push(format!(
            "{}: what is refused changes nothing, but {before} became {after}",
            row.operation()
        ));
    }
    faults.extend(oracles(row, &kept));

    let doing = spending.into_iter().map(async |cell| {
        let ids = fresh(world, row, cell).await;
        let answer = answered(world, row, cell, &ids, world.head().await).await;
        Asked { cell, ids, answer }
    });
    let done: Vec<Asked> = stream::iter(doing).buffered(abreast).collect().await;
    faults.extend(done.iter().filter_map(|asked| fault(row, asked)));
    faults
}

/// A thing that others ask for, too.
async fn kept(world: &World, row: &Row, cell: Cell) -> Ids {
    let side = if cell.whose == Whose::Neighbours { Whose::Neighbours } else { Whose::Own };
    let other = if side == Whose::Own { Whose::Neighbours } else { Whose::Own };
    let mut ids = world.kept(&row.thing, side, cell.caller).await;
    if let Some(name) = &row.exchanged {
        let others = world.kept(&row.thing, other, cell.caller).await;
        exchange(&mut ids, &others, name);
    }
    if cell.whose == Whose::Nobodys { nobodys(&ids) } else { ids }
}

/// A thing for this cell alone, for it will not be the same afterwards.
async fn fresh(world: &World, row: &Row, cell: Cell) -> Ids {
    assert!(row.exchanged.is_none(), "a part of another whole is never found");
    let ids = world.make(&row.thing, cell.whose, cell.caller).await;
    if cell.whose == Whose::Nobodys { nobodys(&ids) } else { ids }
}

fn exchange(ids: &mut Ids, others: &Ids, name: &str) {
    let (name, value) = others.get_key_value(name).unwrap_or_else(|| panic!("no {name} among {others:?}"));
    ids.insert(name, value.clone());
}

/// A list is read to its end, as one answer.
async fn answered(world: &World, row: &Row, cell: Cell, ids: &Ids, head: i64) -> Answer {
    let mut answer = ask(world, row, cell.caller, ids, head).await;
    let mut page = answer.body.clone();
    while let (true, Some(cursor)) = (row.is_list, page["next_cursor"].as_str()) {
        let separator = if row.path.contains('?') { '&' } else { '?' };
        let next = Row { path: format!("{}{separator}cursor={cursor}", row.path), ..row.clone() };
        let following = ask(world, &next, cell.caller, ids, head).await;
        answer.bytes.extend(&following.bytes);
        page = following.body;
    }
    answer
}

fn fault(row: &Row, Asked { cell, ids, answer }: &Asked) -> Option<String> {
    let status = answer.status.as_u16();
    let expected = match cell.verdict {
        Verdict::Done => row.status,
        Verdict::Hidden if row.is_list => row.status,
        Verdict::Forbidden => 403,
        Verdict::Hidden => 404,
        Verdict::Conflict => 409,
        Verdict::Unauthorized => 401,
    };
    let Cell { caller, whose, verdict } = cell;
    let at = format!("{} | {} | {caller:?}, {whose:?}", row.operation(), row.thing);
    if status != expected {
        return Some(format!("{at}: {expected} expected, {status} {} came", answer.body));
    }
    if row.is_list && status == 200 {
        let is_there =
            ids.get("listed").or_else(|| ids.get("id")).is_some_and(|id| contains(&answer.bytes, id));
        return (is_there != (*verdict == Verdict::Done)).then(|| format!("{at}: on the list: {is_there}"));
    }
    let code = answer.body["code"].as_str().unwrap_or_default();
    let is_named = !matches!(verdict, Verdict::Done | Verdict::Unauthorized);
    let is_told = !is_named || code == row.code(status);
    (!is_told).then(|| format!("{at}: {} expected, {code} came", row.code(status)))
}

fn contains(bytes: &[u8], id: &str) -> bool {
    bytes.windows(id.len()).any(|window| window == id.as_bytes())
}

/// Where the same caller is told of several things that they are not there, it is told so in the same words: what is
/// somebody else's cannot be told from what is nobody's.
fn oracles(row: &Row, asked: &[Asked]) -> Vec<String> {
    let mut told: BTreeMap<String, BTreeMap<String, Whose>> = BTreeMap::new();
    for Asked { cell, ids, answer } in asked.iter().filter(|asked| asked.answer.status == 404) {
        let words = told.entry(format!("{:?}", cell.caller)).or_default();
        words.insert(words_of(answer, ids), cell.whose);
    }
    let differ = told.iter().filter(|(_, words)| words.len() > 1);
    let line = |(caller, words): (&String, &BTreeMap<String, Whose>)| {
        format!("{} | {} | {caller}: 404 in several words: {words:#?}", row.operation(), row.thing)
    };
    differ.map(line).collect()
}

/// All of an answer but what is never the same: the ids that were asked for, the request's, and the time.
fn words_of(answer: &Answer, ids: &Ids) -> String {
    let mut body = answer.body.clone();
    body["request_id"] = Value::Null;
    body["timestamp"] = Value::Null;
    let names: Vec<&str> = answer.headers.keys().map(reqwest::header::HeaderName::as_str).collect();
    let text = format!("{} {body} {names:?}", answer.status);
    ids.values().fold(text, |text, id| text.replace(id.as_str(), "…"))
}

#[cfg(test)]
mod tests {
    use harness::ordering::fresh;
    use reqwest::{StatusCode, header::HeaderMap};
    use serde_json::json;

    use super::{super::callers::Caller, *};

    fn hidden(whose: Whose, id: &str, code: &str) -> Asked {
        let message = format!("Order {id} was not found.");
        let body = json!({"code": code, "message": message, "request_id": fresh(), "timestamp": fresh()});
        let cell = Cell { caller: Caller::Newcomer, whose, verdict: Verdict::Hidden };
        let (status, headers) = (StatusCode::NOT_FOUND, HeaderMap::new());
        let answer = Answer { status, headers, bytes: body.to_string().into_bytes(), body };
        Asked { cell, ids: Ids::from([("id", id.to_owned())]), answer }
    }

    #[test]
    fn an_answer_that_tells_the_hidden_from_the_absent_is_found() {
        let row = &super::super::tables::rows()[0];
        let nobodys = hidden(Whose::Nobodys, "2", "order_not_found");
        assert!(oracles(row, &[hidden(Whose::Neighbours, "1", "order_not_found"), nobodys]).is_empty());
        let nobodys = hidden(Whose::Nobodys, "2", "order_not_found");
        assert_eq!(oracles(row, &[hidden(Whose::Neighbours, "1", "order_hidden"), nobodys]).len(), 1);
    }
}
