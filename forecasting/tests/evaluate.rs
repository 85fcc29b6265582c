//! `forecasting evaluate` as it is called.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

const HEAD: &str = "id,m,h,folds,step,start,values\n";

fn evaluate(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_forecasting"))
        .arg("evaluate")
        .arg(directory)
        .args(arguments)
        .output()
        .expect("it runs")
}

/// Series with a week and some unrest, the same in each run.
fn series(count: u32) -> String {
    let mut text = HEAD.to_owned();
    for id in 0..count {
        let values: Vec<String> = (0..90_u32)
            .map(|day| {
                let unrest = (day * 7919 + id * 104_729) % 13;
                (20 + (day % 7) * 5 + unrest).to_string()
            })
            .collect();
        writeln!(text, "s{id},7,7,0;1,7,2024-01-01,{}", values.join(";")).expect("memory");
    }
    text
}

fn folder(panel: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(panel), text).expect("written");
    folder
}

fn without_time(output: &Output) -> serde_json::Value {
    let mut document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for panel in document["panels"].as_array_mut().expect("a list") {
        let seconds = panel.as_object_mut().expect("an object").remove("cpu_seconds");
        assert!(seconds.and_then(|seconds| seconds.as_f64()).is_some());
    }
    document
}

#[test]
fn every_series_and_fold_is_scored_and_threads_change_nothing() {
    let folder = folder("fresh_daily.csv", &series(20));
    let (one, many) =
        (evaluate(folder.path(), &["--json"]), evaluate(folder.path(), &["--json", "--threads", "16"]));
    assert!(one.status.success(), "{}", String::from_utf8_lossy(&one.stderr));
    let document = without_time(&one);
    assert_eq!(document, without_time(&many));
    let panel = document["panels"][0].as_object().expect("an object");
    let mut keys: Vec<_> = panel.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["cov95", "mase", "owa", "panel", "rmsse", "series", "spl"]);
    assert_eq!((&panel["series"], &panel["owa"]), (&40.into(), &serde_json::Value::Null));
    assert!(panel["rmsse"].as_f64().expect("a number") < 0.5, "{document}");
}

#[test]
fn the_table_says_how_often_sums_were_within_their_quantiles() {
    let output = evaluate(folder("fresh_daily.csv", &series(20)).path(), &[]);
    let table = String::from_utf8(output.stdout).expect("text");
    let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let (head, row) = (lines.next().expect("a head"), lines.next().expect("a row"));
    let share = |name: &str| -> f64 {
        let at = head.iter().position(|column| *column == name).expect("a column");
        row[at].parse().expect("a number")
    };
    let (often, oftener) = (share("sum<0.9"), share("sum<0.95"));
    assert!(often > 0.5 && often <= oftener && oftener <= 1.0, "{table}");
}

#[test]
fn a_panel_of_the_m4_contest_is_measured_against_naive2() {
    let mut text = HEAD.to_owned();
    let values: Vec<String> = (0..120_u32).map(|week| (1000 + week * 3 + week % 5).to_string()).collect();
    writeln!(text, "W1,1,13,0,0,,{}", values.join(";")).expect("memory");
    let document = without_time(&evaluate(folder("m4_weekly.csv", &text).path(), &["--json"]));
    let owa = document["panels"][0]["owa"].as_f64().expect("a number");
    assert!(owa > 0.0 && owa < 1.0, "a trend that naive2 does not follow: {owa}");
}

#[test]
fn every_fault_of_a_file_is_named_with_its_line() {
    let text = format!("{HEAD}a,7,7,0,7,,1;2;x;4\nb,0,seven,0,7,,1;2\nc,7,7,0\nd,1,2,0;9,1,,1;2;3\n");
    let output = evaluate(folder("food_daily.csv", &text).path(), &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("text");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "food_daily.csv:2: value 3 is not a number: 'x'",
            "food_daily.csv:3: m is not a whole number from 1: '0'",
            "food_daily.csv:3: h is not a whole number from 1: 'seven'",
            "food_daily.csv:4: 4 columns where 7 belong",
            "food_daily.csv:5: fold 9 leaves nothing to learn from: 3 values, 11 after it",
        ]
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn a_folder_of_nothing_known_is_an_error() {
    let output = evaluate(folder("other.csv", HEAD).path(), &[]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("food_daily.csv"));
}

#[test]
fn measures_are_held_against_those_of_the_folder() {
    let text = format!("{HEAD}a,7,2,0,7,,0;2;4;3;5;4;0\n");
    let folder = folder("uci_weekly.csv", &text);
    let check = |mase: &str| {
        // Said 5 and 5, came 4 and 0; steps of 2, 1 and 2 since the first demand.
        let rows = format!(
            "panel,id,fold,method,smape,mase,rmsse\nuci_weekly,a,0,seasonal_naive_m1,111.111111,{mase},2.081666\n"
        );
        std::fs::write(folder.path().join("metric_check.csv"), rows).expect("written");
        evaluate(folder.path(), &[])
    };
    let agreed = check("1.8");
    assert!(agreed.status.success(), "{}", String::from_utf8_lossy(&agreed.stderr));
    assert!(String::from_utf8_lossy(&agreed.stdout).contains("metric_check.csv, 1 rows"));
    let differed = check("1.800002");
    assert!(!differed.status.success());
    assert!(String::from_utf8_lossy(&differed.stderr).contains("mase of uci_weekly a, fold 0"));
}
