//! What stays behind: resident memory after producers and consumers are done.

use std::{env, error::Error, mem, process::Command};

use serde::{Deserialize, Serialize};

use super::subjects::{Boxed, Core, InfinityPool, Ours, OursLocal, Plurality, ShardedSlab, SharedArena};
use crate::{
    classics::{Run, Workload, Xmalloc, objects::Record, subject::Shared},
    resident::resident,
};

/// Few and large batches: so large that the system takes the memory of the batches themselves back at once.
const XMALLOC: Xmalloc = Xmalloc { producers: 1, consumers: 1, batches: 8, objects: 32_768 };
/// All batches are full at one time at least, and each is used eight times.
const ROUNDS: u64 = 64;

/// What one subject holds when all its objects are freed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Held {
    /// The subject's name.
    pub subject: String,
    /// Bytes of the most objects that were live at one time.
    pub peak: usize,
    /// Resident bytes afterwards, over those before.
    pub resident: usize,
}

impl Held {
    /// How many times the peak.
    pub fn times(&self) -> f64 {
        self.resident as f64 / self.peak as f64
    }
}

/// The rows: a name, and the measurement of this process.
type Row = (&'static str, fn() -> Result<Held, Box<dyn Error>>);

const ROWS: [Row; 10] = [
    row::<OursLocal>(),
    row::<Ours>(),
    row::<Core>(),
    row::<Boxed<std::alloc::System>>(),
    row::<Boxed<mimalloc::MiMalloc>>(),
    row::<Boxed<snmalloc_rs::SnMalloc>>(),
    row::<Plurality>(),
    row::<InfinityPool>(),
    row::<SharedArena>(),
    row::<ShardedSlab>(),
];

const fn row<S: Shared<Record>>() -> Row {
    (S::NAME, held::<S>)
}

/// Measures all, each in a process of its own: this program, with `arguments` and the subject's name.
///
/// # Errors
///
/// If a process cannot be started or does not say what [`measure_here`] would.
pub fn measure(arguments: &[&str]) -> Result<Vec<Held>, Box<dyn Error>> {
    let measured = |(name, _): &Row| {
        let output = Command::new(env::current_exe()?).args(arguments).arg(name).output()?;
        if !output.status.success() {
            return Err(format!("memory of {name}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    };
    ROWS.iter().map(measured).collect()
}

/// Measures one subject in this process, which must not have done anything else.
///
/// # Errors
///
/// If there is no such subject, or the system does not say what is resident.
pub fn measure_here(subject: &str) -> Result<Held, Box<dyn Error>> {
    let (_, held) =
        ROWS.iter().find(|(name, _)| *name == subject).ok_or_else(|| format!("{subject}: no such subject"))?;
    held()
}

fn held<S: Shared<Record>>() -> Result<Held, Box<dyn Error>> {
    let before = resident()?;
    let pool = S::pool();
    let peak = XMALLOC.run::<S>(&pool, &Run::of(ROUNDS)).peak;
    let resident = resident()?.saturating_sub(before);
    mem::forget(pool);
    Ok(Held { subject: S::NAME.to_owned(), peak: peak * size_of::<Record>(), resident })
}
