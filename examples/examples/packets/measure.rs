//! Sends the text with each kind of buffers, again and again.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::heap::tally;
use crate::kinds::{Buffers, Pooled, PooledAsBytes, SplitBytesMut, Vecs};
use crate::transfer::{NUMBER, Receiver, WINDOW, pieces, send};
use crate::wire::{Wire, pair};

/// Each kind in turn, so that a slow moment of the machine meets all.
const ROUNDS: usize = 4;
/// Laps of a round, besides one to warm up.
const LAPS: usize = 3;
/// Paragraphs are written when they are complete, so that packets are kept for a while: so many at most.
const PARAGRAPH: usize = 64;

pub(crate) struct Row {
    pub(crate) name: &'static str,
    laps: Vec<Duration>,
    /// Of both threads, in all laps but those to warm up.
    pub(crate) requests: isize,
    /// In all laps.
    pub(crate) resent: usize,
}

impl Row {
    /// The median.
    pub(crate) fn lap(&self) -> Duration {
        let mut laps = self.laps.clone();
        laps.sort_unstable();
        laps[laps.len() / 2]
    }
}

pub(crate) struct Comparison {
    /// In each lap.
    pub(crate) packets: usize,
    pub(crate) rows: Vec<Row>,
}

pub(crate) fn compare(text: &[u8]) -> io::Result<Comparison> {
    let kinds = [round::<Vecs>, round::<SplitBytesMut>, round::<PooledAsBytes>, round::<Pooled>];
    let mut rows: Vec<Row> = kinds.iter().map(|round| round(text)).collect::<Result<_, _>>()?;
    for _ in 1..ROUNDS {
        for (row, round) in rows.iter_mut().zip(kinds) {
            let Row { laps, requests, resent, .. } = round(text)?;
            row.laps.extend(laps);
            row.requests += requests;
            row.resent += resent;
        }
    }
    Ok(Comparison { packets: pieces(text).count(), rows })
}

fn round<B: Buffers>(text: &[u8]) -> io::Result<Row> {
    let [here, there] = pair(Duration::from_millis(20))?;
    let gone = AtomicBool::new(false);
    thread::scope(|scope| {
        let gone = &gone;
        let sender = scope.spawn(move || {
            let _goes = SayGone(gone);
            let all = (0..=LAPS).flat_map(|_| pieces(text));
            send(&there, &mut B::new(WINDOW), all)
        });
        let mut receiver = Receiver::new(&here, B::new(WINDOW + PARAGRAPH), gone);
        let (mut book, mut paragraph) = (Vec::with_capacity(text.len()), Vec::with_capacity(PARAGRAPH));
        let mut laps = Vec::with_capacity(LAPS);
        lap(&mut receiver, text, &mut book, &mut paragraph)?;
        let (result, heap) = tally(|| {
            (0..LAPS).try_for_each(|_| {
                let begin = Instant::now();
                lap(&mut receiver, text, &mut book, &mut paragraph)?;
                laps.push(begin.elapsed());
                Ok::<(), io::Error>(())
            })
        });
        result?;
        assert!(receiver.next()?.is_none(), "more than was sent");
        receiver.finish()?;
        let resent = sender.join().expect("the sender does not panic")?;
        Ok(Row { name: B::NAME, laps, requests: heap.requests, resent })
    })
}

/// How many laps a row is about.
pub(crate) const MEASURED: usize = ROUNDS * LAPS;

/// Receives the text once, and compares.
fn lap<W: Wire, B: Buffers>(
    receiver: &mut Receiver<'_, W, B>,
    text: &[u8],
    book: &mut Vec<u8>,
    paragraph: &mut Vec<B::Packet>,
) -> io::Result<()> {
    book.clear();
    let mut left = text.len();
    while left > 0 {
        let packet = receiver.next()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let piece = &packet[NUMBER..];
        left = left.checked_sub(piece.len()).expect("no lap ends within a packet");
        let complete = piece == b"\n" || left == 0;
        paragraph.push(packet);
        if complete || paragraph.len() == PARAGRAPH {
            for packet in paragraph.drain(..) {
                book.extend_from_slice(&packet[NUMBER..]);
            }
        }
    }
    assert!(book == text, "what came is not what was sent");
    Ok(())
}

/// Also if the sender fails.
struct SayGone<'a>(&'a AtomicBool);

impl Drop for SayGone<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}
