//! Money: net of a line, VAT of a document, and how both add up to the öre.

use super::{Quantity, TaxRate};

/// The highest price of one unit, in minor units: ten million kronor.
///
/// With [`QUANTITY_MAX`](super::QUANTITY_MAX) and a few hundred lines, sums stay below 2^63.
pub const PRICE_MINOR_MAX: i64 = 1_000_000_000;

/// Net, VAT and the lines' shares of it; the lines add up to the groups, the groups to the total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VatBreakdown {
    /// One per rate, lowest rate first.
    pub groups: Vec<VatGroup>,
    /// VAT of each line, in the order given.
    pub line_tax_minor: Vec<i64>,
}

/// All lines of one rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VatGroup {
    /// The rate.
    pub rate: TaxRate,
    /// Sum of the lines' net.
    pub net_minor: i64,
    /// VAT on that sum, rounded half up once.
    pub tax_minor: i64,
}

impl VatBreakdown {
    /// Sum of the groups' net.
    pub fn net_minor(&self) -> i64 {
        self.groups.iter().map(|group| group.net_minor).sum()
    }

    /// Sum of the groups' VAT.
    pub fn tax_minor(&self) -> i64 {
        self.groups.iter().map(|group| group.tax_minor).sum()
    }

    /// What is to be paid.
    pub fn total_minor(&self) -> i64 {
        self.net_minor() + self.tax_minor()
    }
}

/// Price times quantity, rounded half up to minor units.
pub fn line_net_minor(unit_price_minor: i64, quantity: Quantity) -> i64 {
    let product = i128::from(unit_price_minor) * i128::from(quantity.0);
    round_half_up(product, 1000)
}

/// VAT of a document from its lines' net and rate.
///
/// # Source
/// EN 16931 BR-CO-17 (VAT per rate group) and BR-CO-14 (groups add up to the document). The group's
/// VAT is spread over its lines by largest remainder; on a tie the earlier line gets the öre.
pub fn vat_of(lines: &[(i64, TaxRate)]) -> VatBreakdown {
    let mut rates: Vec<TaxRate> = lines.iter().map(|(_, rate)| *rate).collect();
    rates.sort_unstable();
    rates.dedup();
    let mut line_tax_minor = vec![0; lines.len()];
    let groups = rates
        .into_iter()
        .map(|rate| {
            let members: Vec<usize> = (0..lines.len()).filter(|&line| lines[line].1 == rate).collect();
            let net_minor: i64 = members.iter().map(|&line| lines[line].0).sum();
            let tax_minor = round_half_up(scaled(net_minor, rate), 10_000);
            spread(tax_minor, rate, &members, lines, &mut line_tax_minor);
            VatGroup { rate, net_minor, tax_minor }
        })
        .collect();
    VatBreakdown { groups, line_tax_minor }
}

fn spread(
    tax_minor: i64,
    rate: TaxRate,
    members: &[usize],
    lines: &[(i64, TaxRate)],
    line_tax_minor: &mut [i64],
) {
    let mut by_remainder: Vec<(i128, usize)> = Vec::with_capacity(members.len());
    let mut spread_minor = 0;
    for &line in members {
        let exact = scaled(lines[line].0, rate);
        let floor = narrow(exact.div_euclid(10_000));
        line_tax_minor[line] = floor;
        spread_minor += floor;
        by_remainder.push((-exact.rem_euclid(10_000), line));
    }
    by_remainder.sort_unstable();
    let left = usize::try_from(tax_minor - spread_minor).expect("floors never exceed their rounded sum");
    for (_, line) in by_remainder.into_iter().take(left) {
        line_tax_minor[line] += 1;
    }
}

fn scaled(net_minor: i64, rate: TaxRate) -> i128 {
    i128::from(net_minor) * i128::from(rate.basis_points())
}

/// Half goes away from zero, so that a credit mirrors what it credits.
fn round_half_up(value: i128, unit: i128) -> i64 {
    let rounded = (value.abs() + unit / 2) / unit;
    narrow(if value < 0 { -rounded } else { rounded })
}

fn narrow(amount: i128) -> i64 {
    i64::try_from(amount).expect("prices and quantities are bounded so that amounts fit")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(basis_points: i32) -> TaxRate {
        TaxRate::try_new(basis_points).unwrap()
    }

    #[test]
    fn half_an_ore_is_rounded_up() {
        assert_eq!(line_net_minor(333, Quantity(1500)), 500); // 499.5
        assert_eq!(line_net_minor(1, Quantity(499)), 0);
        assert_eq!(line_net_minor(1, Quantity(500)), 1);
    }

    #[test]
    fn vat_is_rounded_once_per_group_and_spread_to_the_lines() {
        // Three lines of 0.33 kr at 12 %: each alone rounds to 0.04, the group of 0.99 to 0.12.
        let vat = vat_of(&[(33, rate(1200)), (33, rate(1200)), (33, rate(1200))]);
        assert_eq!(vat.tax_minor(), 12);
        assert_eq!(vat.line_tax_minor, [4, 4, 4]);
        // Two of 0.04 at 12 %: the group of 0.08 gives 0.96 öre, one öre, to the earlier line.
        let vat = vat_of(&[(4, rate(1200)), (4, rate(1200))]);
        assert_eq!((vat.tax_minor(), vat.line_tax_minor), (1, vec![1, 0]));
    }

    proptest! {
        #[test]
        fn lines_add_up_to_groups_and_differ_from_exact_by_less_than_an_ore(
            lines in prop::collection::vec(
                (0..10_000_000i64, prop::sample::select(vec![0, 600, 1200, 2500, 1])), 0..40)
        ) {
            let lines: Vec<_> = lines.into_iter().map(|(net, bp)| (net, rate(bp))).collect();
            let vat = vat_of(&lines);
            prop_assert_eq!(vat.line_tax_minor.iter().sum::<i64>(), vat.tax_minor());
            prop_assert_eq!(vat.net_minor(), lines.iter().map(|line| line.0).sum::<i64>());
            for ((net, rate), tax) in lines.iter().zip(&vat.line_tax_minor) {
                let exact = net * i64::from(rate.basis_points());
                prop_assert!((exact - tax * 10_000).abs() < 10_000);
            }
        }
    }
}
