//! What a seed stands for.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use super::injury::{Injury, Moment, Reach};

/// Clients at once.
pub const TRADERS: usize = 16;
/// Commands that each wants to see through; an order takes three. They go on until no fault is to come.
pub const TURNS: usize = 10;
const INJURIES: usize = 4;

/// Which faults come, and after how many commands; what comes while another lasts comes on top of it.
#[derive(Debug)]
pub struct Plan {
    pub seed: u64,
    pub injuries: Vec<(usize, Injury)>,
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        // The last come while there is still something to hurt.
        let latest = TRADERS * TURNS;
        let mut injuries: Vec<(usize, Injury)> = Vec::new();
        while injuries.len() < INJURIES {
            let (after, injury) = (dice.random_range(1..latest), injury(&mut dice));
            // The server's keeper gives up on one that dies again and again.
            let again = matches!(injury, Injury::PostgresKilled)
                && injuries.iter().any(|(_, before)| matches!(before, Injury::PostgresKilled));
            if !again {
                injuries.push((after, injury));
            }
        }
        injuries.sort_by_key(|(after, _)| *after);
        Self { seed, injuries }
    }

    /// What that trader goes by.
    pub fn dice(&self, trader: usize) -> StdRng {
        StdRng::seed_from_u64(self.seed.wrapping_mul(1_000).wrapping_add(trader as u64 + 1))
    }
}

fn injury(dice: &mut StdRng) -> Injury {
    let process = dice.random_range(0..2);
    let reach = *[Reach::One(process), Reach::All].choose(dice).expect("there are some");
    match dice.random_range(0..18) {
        0..3 => Injury::ProcessKilled(process),
        3..6 => Injury::ProcessFrozen(process, pause(dice)),
        6 => Injury::ProcessStopped(process),
        7 => Injury::PostgresKilled,
        8 => Injury::SessionsEnded,
        9 | 10 => {
            let moments = [Moment::Begin, Moment::Append, Moment::Commit]
                .map(|moment| [(moment, false), (moment, true)]);
            let (moment, is_answer) = *moments.as_flattened().choose(dice).expect("there are some");
            Injury::ConnectionCut { process, moment, is_answer }
        }
        11 => Injury::DatabaseSevered(reach, pause(dice)),
        12 => Injury::DatabaseSilent(reach, pause(dice)),
        13 => Injury::NatsSevered(reach, pause(dice)),
        14 => Injury::NatsSilent(reach, pause(dice)),
        15 => Injury::NatsKilled { wiped: dice.random() },
        16 => Injury::NatsFrozen(pause(dice)),
        _ => {
            let seconds = *[-2_400, -30, 30, 2_400].choose(dice).expect("there are some");
            Injury::ClockSet { process, seconds, pause: pause(dice) }
        }
    }
}

/// How long a fault lasts. What is held on a lease passes to another process once that has run out: the relay and
/// consumers after 5 s, the scheduler after 15, endpoints' lanes and the channels of mail after 30.
fn pause(dice: &mut StdRng) -> Duration {
    Duration::from_millis(match dice.random_range(0..16) {
        0..12 => dice.random_range(100..2_500),
        12..14 => dice.random_range(5_500..8_000),
        14 => dice.random_range(15_500..18_000),
        _ => dice.random_range(30_500..33_000),
    })
}
