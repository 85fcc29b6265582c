//! Parameters of a member by trying: a grid, then smaller and smaller steps from its best point.

use crate::member::{Fitted, Parameters, Seed};

/// A series that parameters are fitted to.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub values: &'a [f64],
    pub seed: &'a Seed,
    /// Steps at the beginning whose errors do not count.
    pub warm: usize,
    /// A second horizon whose errors count as those of one step do.
    pub lead: usize,
    /// What is known to the early parameters.
    pub cut: usize,
}

/// What the search found.
pub(crate) struct Found {
    /// Best of the grid by what came before the cut alone.
    pub early: Parameters,
    /// Best of all that was tried, by everything.
    pub late: Parameters,
}

/// Sums of absolute errors: until the cut, and in all.
#[derive(Clone, Copy, Default)]
struct Loss {
    early: f64,
    whole: f64,
}

/// How many candidates run through the series side by side: their recursions wait for themselves, not for each other.
const ABREAST: usize = 4;

/// Tries the grid, and refines its best.
pub(crate) fn fit<M: Fitted>(ground: &Ground<'_>) -> Found {
    let mut found = Found { early: [0.5; 4], late: [0.5; 4] };
    let mut least = Loss { early: f64::INFINITY, whole: f64::INFINITY };
    for parameters in M::grid().chunks(ABREAST) {
        for (parameters, loss) in parameters.iter().zip(losses::<M>(parameters, ground)) {
            if loss.early < least.early {
                (found.early, least.early) = (*parameters, loss.early);
            }
            if loss.whole < least.whole {
                (found.late, least.whole) = (*parameters, loss.whole);
            }
        }
    }
    for factor in [2.0, 1.4] {
        let around = around::<M>(found.late, factor);
        for parameters in around.chunks(ABREAST) {
            for (parameters, loss) in parameters.iter().zip(losses::<M>(parameters, ground)) {
                if loss.whole < least.whole {
                    (found.late, least.whole) = (*parameters, loss.whole);
                }
            }
        }
    }
    found
}

/// Each parameter a step up and a step down, in odds.
fn around<M: Fitted>(centre: Parameters, factor: f64) -> Vec<Parameters> {
    let moved = |at: usize, factor: f64| {
        let mut moved = centre;
        let odds = moved[at] / (1.0 - moved[at]) * factor;
        moved[at] = (odds / (1.0 + odds)).clamp(0.005, 0.995);
        moved
    };
    (0..M::FREE).flat_map(|at| [moved(at, factor), moved(at, 1.0 / factor)]).collect()
}

/// Losses of [`ABREAST`] candidates at most.
fn losses<M: Fitted>(candidates: &[Parameters], ground: &Ground<'_>) -> [Loss; ABREAST] {
    let values = ground.values;
    let parameters = |at: usize| candidates.get(at).copied().unwrap_or(candidates[0]);
    let mut members: [M; ABREAST] = std::array::from_fn(|at| M::start(parameters(at), ground.seed));
    for value in &values[..ground.warm] {
        for member in &mut members {
            member.take(*value);
        }
    }
    // From here on the far errors are of steps past the cut.
    let early = (ground.cut + 1).saturating_sub(ground.lead);
    let mut losses = [Loss::default(); ABREAST];
    for at in ground.warm..values.len() {
        if at == early {
            for loss in &mut losses {
                loss.early = loss.whole;
            }
        }
        let value = values[at];
        let far = values.get(at + ground.lead - 1).copied().unwrap_or(f64::NAN);
        for (member, loss) in members.iter_mut().zip(&mut losses) {
            loss.whole += missed(value, member.ahead(1)) + missed(far, member.ahead(ground.lead));
            member.take(value);
        }
    }
    losses
}

/// Absolute error; none where it is not known what came.
fn missed(came: f64, expected: f64) -> f64 {
    if came.is_nan() { 0.0 } else { (came - expected).abs() }
}
