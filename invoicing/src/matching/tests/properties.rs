//! What holds for every invoice and every order.

use proptest::prelude::*;

use super::{add_up, charge, invoice, order, received, text};
use crate::{
    invoice::{Field, Kind},
    matching::{Effect, Ledger, Outcome, Policy, Verdict, reconcile, reconcile_with_credits},
};

fn goods() -> impl Strategy<Value = Vec<(u32, i64, i64)>> {
    let one = (1..200_000_i64, 1..500_000_i64);
    prop::collection::vec(one, 1..12).prop_map(|lines| {
        (1..).zip(lines).map(|(number, (quantity, price))| (number, quantity, price)).collect()
    })
}

fn net_of(outcome: &Outcome) -> i64 {
    let counted = outcome.variances.iter().filter(|variance| variance.counts_in_net);
    outcome.expected_net_minor + counted.map(|variance| variance.value_minor).sum::<i64>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The order of lines, in the order and in the invoice, changes neither verdict nor links.
    #[test]
    fn the_order_of_lines_does_not_matter(goods in goods(), turn in 0..12_usize, keyed in any::<bool>()) {
        let order = order(&goods);
        let mut invoice = invoice(&goods);
        if !keyed {
            invoice.lines.iter_mut().for_each(|line| line.seller_item_id = None);
        }
        let ledger = received(&order);
        let first = reconcile(&invoice, &order, &ledger, &Policy::default());
        let mut turned = order.clone();
        turned.lines.rotate_left(turn % goods.len());
        invoice.lines.reverse();
        let second = reconcile(&invoice, &turned, &ledger, &Policy::default());
        prop_assert_eq!(first.verdict, second.verdict);
        let sorted = |outcome: &Outcome| {
            let mut links = outcome.links.clone();
            links.sort_by(|left, right| left.invoice_line.cmp(&right.invoice_line));
            links
        };
        prop_assert_eq!(sorted(&first), sorted(&second));
    }

    /// What was expected and what differs add up to what was invoiced, whatever differs.
    #[test]
    fn variances_add_up(ordered in goods(), invoiced in goods(), share in 0..1_500_i64, freight in 0..9_000_i64) {
        let order = order(&ordered);
        let mut ledger = Ledger::default();
        for line in &order.lines {
            ledger.line_mut(&line.id).received_thousandths = line.quantity_thousandths * share / 1_000;
        }
        let mut invoice = invoice(&invoiced);
        invoice.allowances_charges.push(charge("Frakt", freight));
        add_up(&mut invoice);
        let outcome = reconcile(&invoice, &order, &ledger, &Policy::default());
        prop_assert_eq!(net_of(&outcome), invoice.totals.net_minor.unwrap().value);
    }

    /// One öre more anywhere is seen.
    #[test]
    fn an_ore_changes_the_outcome(goods in goods(), place in 0..6_usize, line in 0..12_usize, up in any::<bool>()) {
        let order = order(&goods);
        let mut invoice = invoice(&goods);
        let by = if up { 1 } else { -1 };
        let line = line % goods.len();
        match place {
            0 => invoice.lines[line].net_minor.value += by,
            1 => invoice.totals.net_minor.as_mut().unwrap().value += by,
            2 => invoice.totals.vat_minor.as_mut().unwrap().value += by,
            3 => invoice.totals.payable_minor.as_mut().unwrap().value += by,
            4 => invoice.vat[0].tax_minor.value += by,
            _ => invoice.vat[0].taxable_minor.value += by,
        }
        let outcome = reconcile(&invoice, &order, &received(&order), &Policy::default());
        prop_assert_ne!(outcome.verdict, Verdict::Matched);
    }

    /// A credit for what was too much makes the invoice right.
    #[test]
    fn a_credit_cures(goods in goods(), line in 0..12_usize, missing in 1..1_000_i64) {
        let order = order(&goods);
        let line = line % goods.len();
        let (number, quantity, price) = goods[line];
        let missing = missing.min(quantity);
        let mut ledger = received(&order);
        ledger.line_mut(&number.to_string()).received_thousandths -= missing;
        let invoice = invoice(&goods);
        let policy = Policy::default();
        prop_assert_eq!(reconcile(&invoice, &order, &ledger, &policy).verdict, Verdict::Mismatch);
        let mut credit = super::invoice(&[(number, missing, price)]);
        credit.kind = Kind::CreditNote;
        credit.number = text("K-1");
        credit.references.preceding = vec![Field::xml("F-1".to_owned())];
        let outcome = reconcile_with_credits(&invoice, std::slice::from_ref(&credit), &order, &ledger, &policy);
        prop_assert!(outcome.verdict.is_automatic(), "{:?}", outcome);
        credit.references.preceding.clear();
        let outcome = reconcile_with_credits(&invoice, &[credit], &order, &ledger, &policy);
        prop_assert_eq!(outcome.verdict, Verdict::Review);
    }

    /// More than was received never passes, by however little.
    #[test]
    fn more_than_received_never_passes(goods in goods(), line in 0..12_usize) {
        let order = order(&goods);
        let mut ledger = received(&order);
        let number = goods[line % goods.len()].0;
        ledger.line_mut(&number.to_string()).received_thousandths -= 1;
        let outcome = reconcile(&invoice(&goods), &order, &ledger, &Policy::default());
        prop_assert!(!outcome.verdict.is_automatic());
        prop_assert!(outcome.variances.iter().any(|variance| variance.effect == Effect::Blocks));
    }
}
