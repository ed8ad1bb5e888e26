//! The C interface beside `malloc`, from C: `cargo bench -p goo-pool-benches --bench capi`. Needs a C compiler.
//!
//! The loops are in `c/pool_loops.c`, compiled by `cc -O2` and linked with the library as a C program would be, without
//! link-time optimisation across the languages: each allocation is a call through a function pointer. One process has
//! all contestants, and is told over a pipe who is to run next.

use std::{
    cell::RefCell,
    env,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    rc::Rc,
    time::Duration,
};

use goo_pool_benches::{
    contest::Contest,
    report::{home, target},
};

/// By the names that the C program knows, and those of the table.
const CONTESTANTS: [(&str, &str); 5] = [
    ("plain", "pool"),
    ("counting", "pool with statistics"),
    ("goo_plain", "`goo_alloc`, `goo_free`"),
    ("goo", "the same with statistics"),
    ("malloc", "`malloc`, `free`"),
];

fn main() {
    let program = Rc::new(RefCell::new(Program::start()));
    let mut contest = Contest::new("capi", "64 bytes, from C");
    for (workload, operations) in
        [("pair", 2_000_000), ("fill_drain", 1_000_000), ("replace_1k", 1_000_000), ("replace_300k", 500_000)]
    {
        let row = contest.row(format!("`{workload}`"), operations);
        for (contestant, name) in CONTESTANTS {
            let program = program.clone();
            row.run(name, move |operations| program.borrow_mut().run(contestant, workload, operations));
        }
    }
    contest.finish();
}

/// The C program, running.
struct Program {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Program {
    fn start() -> Self {
        let mut process = Command::new(compile()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let orders = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Program { process, orders, answers }
    }

    fn run(&mut self, contestant: &str, workload: &str, operations: u64) -> Duration {
        writeln!(self.orders, "{contestant} {workload} {operations}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        Duration::from_nanos(answer.trim().parse().expect("nanoseconds; the program has said what is wrong"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It waits for an order that never comes.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Builds the library and the program.
fn compile() -> PathBuf {
    let root = home().join("..");
    let folder = target().join("capi");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    succeed(
        Command::new(cargo)
            .current_dir(&root)
            .args(["rustc", "--quiet", "--release", "-p", "goo-pool-core", "--features", "capi"])
            .args(["--crate-type", "staticlib", "--target-dir"])
            .arg(&folder),
    );
    let program = folder.join("pool_loops");
    succeed(
        Command::new("cc")
            .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-I"])
            .arg(root.join("goo-pool-core/include"))
            .arg(home().join("c/pool_loops.c"))
            .arg(folder.join("release/libgoo_pool_core.a"))
            .args(["-lpthread", "-ldl", "-lm", "-o"])
            .arg(&program),
    );
    program
}

fn succeed(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}
