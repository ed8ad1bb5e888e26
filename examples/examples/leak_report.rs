//! A server that loses requests in one branch, and the report that names the lines they are from.
//!
//! ```text
//! cargo run --example leak_report --features tracking               # with the mistake
//! cargo run --example leak_report --features tracking -- --fixed    # without
//! ```
//!
//! Requests go to a device as plain words, as they would to `io_uring` or to a C library: `into_raw` on the way there,
//! `from_raw` on the way back. What is lost in between no compiler sees. The pool does, if it is tracked: the report comes
//! when it is dropped, on the standard error stream.

use std::collections::VecDeque;
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use goo_pool_typed::{Pool, TrackedBox, TrackedPool, Tracking};

const USAGE: &str = "usage: leak_report [--fixed]";

/// What the device is to do, with room for the data.
struct Request {
    number: u32,
    buffer: [u8; 512],
}

/// The word by which the device knows a request.
type Token = *mut Request;

enum Outcome {
    Done,
    TimedOut,
}

/// A slow device: every fifth request takes it too long.
#[derive(Default)]
struct Device {
    submitted: VecDeque<Token>,
    completions: u32,
}

impl Device {
    fn submit(&mut self, request: TrackedBox<Request>) {
        self.submitted.push_back(TrackedBox::into_raw(request));
    }

    fn complete(&mut self) -> Option<(Token, Outcome)> {
        let token = self.submitted.pop_front()?;
        self.completions += 1;
        let outcome = if self.completions.is_multiple_of(5) { Outcome::TimedOut } else { Outcome::Done };
        Some((token, outcome))
    }
}

#[derive(Default)]
struct Server {
    device: Device,
    done: u32,
    timed_out: u32,
    /// Whether the mistake is mended.
    fixed: bool,
}

impl Server {
    fn read(&mut self, requests: &TrackedPool<Request>, number: u32) {
        let request = requests.alloc(Request { number, buffer: [0; 512] });
        self.device.submit(request);
    }

    fn write(&mut self, requests: &TrackedPool<Request>, number: u32) {
        let mut request = requests.alloc_with(|| Request { number, buffer: [0; 512] });
        request.buffer[..4].copy_from_slice(&number.to_le_bytes());
        self.device.submit(request);
    }

    fn reap(&mut self) {
        while let Some((token, outcome)) = self.device.complete() {
            match outcome {
                Outcome::Done => {
                    // SAFETY: the device had it from `into_raw`, and gives each token back once.
                    let request = unsafe { TrackedBox::from_raw(token) };
                    assert!(request.buffer[0] == 0 || request.buffer[..4] == request.number.to_le_bytes());
                    self.done += 1;
                }
                Outcome::TimedOut if self.fixed => {
                    // SAFETY: as above.
                    drop(unsafe { TrackedBox::from_raw(token) });
                    self.timed_out += 1;
                }
                // The mistake: there was nothing to read, so nobody thought of the request.
                Outcome::TimedOut => self.timed_out += 1,
            }
        }
    }
}

/// Serves some requests, a few at a time; two reads for each write.
fn serve(requests: &TrackedPool<Request>, fixed: bool) -> Server {
    let mut server = Server { fixed, ..Server::default() };
    for number in 0..100 {
        match number % 3 {
            0 => server.write(requests, number),
            _ => server.read(requests, number),
        }
        if number % 10 == 9 {
            server.reap();
        }
    }
    server
}

fn main() -> ExitCode {
    let fixed = match &env::args().skip(1).collect::<Vec<_>>()[..] {
        [] => false,
        [flag] if flag == "--fixed" => true,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let requests = Pool::new().tracked(Tracking::new().name("requests").call_sites());
    let server = serve(&requests, fixed);
    // Whoever read our output has seen enough.
    let _ = writeln!(io::stdout(), "done: {}, timed out: {}\n{}", server.done, server.timed_out, requests.usage());
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use goo_pool_typed::{Pool, Tracking};

    use super::serve;

    #[test]
    fn each_timeout_is_a_leak_until_the_mistake_is_mended() {
        for (fixed, leaks) in [(false, 20), (true, 0)] {
            let (sender, reports) = mpsc::channel();
            let tracking = Tracking::new().call_sites().on_leak(move |report| sender.send(report.clone()).unwrap());
            let requests = Pool::new().tracked(tracking);
            let server = serve(&requests, fixed);
            assert_eq!((server.done, server.timed_out, requests.usage().objects), (80, 20, leaks));
            drop(requests);
            // Not `iter`: what was lost keeps the ledger, and that the sender.
            let sites: Vec<_> = reports.try_iter().flat_map(|report| report.sites().to_vec()).collect();
            assert_eq!(sites.iter().map(|site| site.objects).sum::<usize>(), leaks);
            assert!(sites.is_sorted_by_key(|site| std::cmp::Reverse(site.bytes)));
        }
    }
}
