//! Each misuse in each build: whether it is caught, and when. The table in `HARDENING.md` is this one.
//!
//! ```text
//! cargo test -p goo-pool-core --test misuse_table                                   the column "debug"
//! cargo test -p goo-pool-core --test misuse_table --release                         the column "release"
//! cargo test -p goo-pool-core --test misuse_table --release --features valgrind     "release", and under Valgrind
//! cargo test -p goo-pool-core --test misuse_table --release --features hardened     "hardened"
//! ASAN_OPTIONS=detect_leaks=1 RUSTFLAGS="-Zsanitizer=address --cfg goo_asan" cargo +nightly test -p goo-pool-core \
//!     --test misuse_table --target x86_64-unknown-linux-gnu                         "AddressSanitizer"
//! ```
//!
//! Every cell is a child process that does the misuse, says so, goes on to use the pool, and ends. What ends it before it has
//! said so has caught the misuse at once; what ends it after that, later. `WRITE_TABLE=1` writes the table anew.

#[cfg(all(feature = "std", not(miri)))]
mod misuses;
#[cfg(all(feature = "std", not(miri)))]
mod table;
#[cfg(all(feature = "std", not(miri)))]
mod verdict;

#[cfg(any(not(feature = "std"), miri))]
fn main() {}

#[cfg(all(feature = "std", not(miri)))]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [verdict::CHILD, misuse, pool] => verdict::act(misuse, pool),
        // What asks which tests there are.
        ["--list", ..] => {}
        _ => {
            table::assert_documented();
            verdict::assert_all();
        }
    }
}
