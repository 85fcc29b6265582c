//! A restaurant as it really is: what its guests use up, and a cook who orders for it. Nobody but the test knows the
//! truth; the program sees orders, deliveries and counts. The same of the same seed.

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// Of a product, in units.
#[derive(Clone, Debug)]
pub struct Goods {
    /// Place of its supplier.
    pub supplier: usize,
    /// What is used on a usual day.
    pub level: f64,
    pub habit: Habit,
    /// Units in a pack.
    pub pack: i64,
    pub keeps_days: Option<u16>,
}

/// How a product is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// On every open day.
    Daily,
    /// Now and then: on one open day of three.
    NowAndThen,
    /// Daily until four weeks ago; then the dish left the menu.
    GivenUp,
    /// Daily, for twelve days now.
    New,
    /// Daily, and its supplier has just stopped offering it.
    Discontinued,
}

/// The share of a usual day that each weekday uses, from Monday. It is closed on Sundays.
const WEEK: [f64; 7] = [0.8, 0.85, 0.95, 1.05, 1.35, 1.5, 0.0];
/// Days of delivery of the two suppliers, 1 for Monday.
pub const DELIVERIES: [[u32; 2]; 2] = [[2, 5], [3, 6]];
const OPEN_SHARE: f64 = 1.0 / 3.0;

/// The restaurant and its time.
pub struct Kitchen {
    pub goods: Vec<Goods>,
    /// Units on the shelves, by product.
    pub stock: Vec<i64>,
    pub today: NaiveDate,
    /// Today is the last day of the history.
    pub last_day: NaiveDate,
    dice: Dice,
}

impl Kitchen {
    /// Forty products of two suppliers, on the shelves for the first days.
    pub fn open(seed: u64, first_day: NaiveDate, last_day: NaiveDate) -> Self {
        let mut dice = Dice(seed);
        let goods: Vec<Goods> = (0..40).map(|number| goods(number, &mut dice)).collect();
        let stock = goods.iter().map(|goods| (goods.level * 5.0).ceil() as i64).collect();
        Self { goods, stock, today: first_day, last_day, dice }
    }

    /// What guests want of a product on a day.
    fn wanted(&mut self, product: usize, day: NaiveDate) -> i64 {
        let mean = self.mean(product, day);
        match self.goods[product].habit {
            // The days on which it is used at all use as much more, so that the mean is the same.
            Habit::NowAndThen if self.dice.unit() >= OPEN_SHARE => 0,
            Habit::NowAndThen => self.dice.poisson(mean / OPEN_SHARE),
            _ => self.dice.poisson(mean),
        }
    }

    /// What is used of it on such a day on average.
    pub fn mean(&self, product: usize, day: NaiveDate) -> f64 {
        let goods = &self.goods[product];
        let is_used = match goods.habit {
            Habit::GivenUp => day < self.last_day - Days::new(28),
            Habit::New => day >= self.last_day - Days::new(12),
            _ => true,
        };
        if is_used { goods.level * WEEK[day.weekday().num_days_from_monday() as usize] } else { 0.0 }
    }

    /// The guests of today are served, as far as there is something; then it is tomorrow.
    pub fn serve_the_day(&mut self) {
        for product in 0..self.goods.len() {
            let wanted = self.wanted(product, self.today);
            self.stock[product] = (self.stock[product] - wanted).max(0);
        }
        self.today = self.today + Days::new(1);
    }

    /// Whether the cook orders of that supplier today: the day before it comes.
    pub fn orders_of(&self, supplier: usize) -> bool {
        let tomorrow = self.today + Days::new(1);
        DELIVERIES[supplier].contains(&tomorrow.weekday().number_from_monday())
    }

    /// The day of the delivery after tomorrow's.
    pub fn delivery_after(&self, supplier: usize) -> NaiveDate {
        let mut days = self.today.iter_days().skip(2);
        let comes = |day: &NaiveDate| DELIVERIES[supplier].contains(&day.weekday().number_from_monday());
        days.find(comes).expect("it comes twice a week")
    }

    /// What the cook orders of that supplier: up to what is usually used until the delivery after tomorrow's, and a
    /// little more, as the cook feels today; whole packs. Products and units.
    pub fn order(&mut self, supplier: usize) -> Vec<(usize, i64)> {
        let until = self.delivery_after(supplier);
        let mut lines = Vec::new();
        for product in 0..self.goods.len() {
            let Goods { supplier: whose, pack, habit, .. } = self.goods[product];
            let expected: f64 = self
                .today
                .iter_days()
                .take_while(|day| *day < until)
                .map(|day| self.mean(product, day))
                .sum();
            let feeling = 1.05 + 0.2 * self.dice.unit();
            // Of what is used now and then there is to be enough for one such day.
            let least = if habit == Habit::NowAndThen { self.goods[product].level / OPEN_SHARE } else { 0.0 };
            let up_to = (expected * feeling).max(if expected > 0.0 { least } else { 0.0 }).round() as i64;
            let missing = up_to - self.stock[product];
            if whose == supplier && missing > 0 {
                lines.push((product, (missing + pack - 1) / pack * pack));
            }
        }
        lines
    }

    /// How much may be used until that day, so many times.
    pub fn futures(&mut self, product: usize, until: NaiveDate, times: usize) -> Vec<i64> {
        let days: Vec<NaiveDate> = self.today.iter_days().take_while(|day| *day < until).collect();
        (0..times).map(|_| days.iter().map(|day| self.wanted(product, *day)).sum()).collect()
    }

    pub fn is_open(day: NaiveDate) -> bool {
        day.weekday() != Weekday::Sun
    }
}

fn goods(number: usize, dice: &mut Dice) -> Goods {
    let habit = match number {
        5 => Habit::GivenUp,
        17 => Habit::New,
        23 => Habit::Discontinued,
        number if number % 5 == 4 => Habit::NowAndThen,
        _ => Habit::Daily,
    };
    Goods {
        supplier: number % 2,
        level: if habit == Habit::NowAndThen { 1.0 + 2.0 * dice.unit() } else { 3.0 + 12.0 * dice.unit() },
        habit,
        pack: [1, 2, 5, 6][number % 4],
        keeps_days: match number % 10 {
            0 => Some(3),
            1 | 2 => Some(10),
            _ => None,
        },
    }
}

/// Chance that is the same on every run (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Knuth's way: as many as fit into a unit of time. Means are small.
    fn poisson(&mut self, mean: f64) -> i64 {
        let (limit, mut product, mut count) = ((-mean).exp(), self.unit(), 0);
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }
}
