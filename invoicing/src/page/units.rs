//! Units as printed, and their codes.

/// The UN/ECE code of a printed unit; `None` for a word that is none.
///
/// "st" may be EA, H87 or C62; H87 (piece) stands for all.
pub(super) fn code(printed: &str) -> Option<&'static str> {
    let printed = printed.trim_end_matches(['.', ':']).to_lowercase();
    Some(match printed.as_str() {
        "kg" | "kilo" => "KGM",
        "g" | "gram" => "GRM",
        "hg" => "HGM",
        "st" | "styck" | "stk" | "ea" | "pcs" | "pc" | "units" | "unit" | "unit(s)" => "H87",
        "l" | "liter" | "lit" => "LTR",
        "cl" => "CLT",
        "dl" => "DLT",
        "ml" => "MLT",
        "kart" | "kartong" | "krt" | "ct" | "carton" => "XCT",
        "back" | "backar" => "XCR",
        "förp" | "forp" | "förpackning" | "frp" | "pkt" | "paket" | "pack" => "XPK",
        "säck" | "sack" | "påse" | "pase" | "bag" => "XBG",
        "burk" => "XCA",
        "flaska" | "fl" | "flask" => "XBO",
        "låda" | "lada" | "box" => "XBX",
        "bunt" => "XBE",
        "pall" => "XPX",
        "mån" | "man" | "månad" | "month" | "months" => "MON",
        "min" => "MIN",
        "tim" | "timmar" | "timme" | "h" | "hour" | "hours" | "hrs" => "HUR",
        "dag" | "dagar" | "day" | "days" => "DAY",
        "vecka" | "veckor" | "week" | "weeks" => "WEE",
        "år" | "ar" | "year" | "years" => "ANN",
        "km" => "KMT",
        "m" | "meter" => "MTR",
        "m2" | "m²" | "kvm" => "MTK",
        "m3" | "m³" => "MTQ",
        "kwh" => "KWH",
        "mb" | "4l" => "4L",
        "gb" => "E34",
        "par" => "PR",
        "sats" | "set" => "SET",
        "ark" => "XST",
        "rulle" | "rl" => "XRO",
        _ => return None,
    })
}
