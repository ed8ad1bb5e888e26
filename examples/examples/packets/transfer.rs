//! Everything arrives once and in order, over a wire that may lose, double and reorder.
//!
//! ```text
//!   sender                                     receiver
//!  ┌───────────────┐   number, piece          ┌───────────────────┐
//!  │ window: what  │ ───────────────────────► │ ahead: what came  │ ──► pieces, in order
//!  │ may be sent   │                          │ before its turn   │
//!  │ again         │ ◄─────────────────────── │                   │
//!  └───────────────┘   number wanted next     └───────────────────┘
//! ```
//!
//! A packet without a piece is the last.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::kinds::Buffers;
use crate::wire::Wire;

/// What goes over an Ethernet in one piece.
pub(crate) const DATAGRAM: usize = 1472;
/// Each begins with its number.
pub(crate) const NUMBER: usize = size_of::<u64>();
/// How many are on their way at most.
pub(crate) const WINDOW: usize = 32;

/// After so many waits in a row without an answer, the receiver is taken to have gone.
const MOST_SILENCE: usize = 250;

/// The lines of a text, or parts of them if they are long.
pub(crate) fn pieces(text: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    text.split_inclusive(|&byte| byte == b'\n').flat_map(|line| line.chunks(DATAGRAM - NUMBER))
}

/// The number at the beginning of a datagram.
fn number(datagram: &[u8]) -> Option<u64> {
    datagram.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// Sends all pieces, and tells how many datagrams were sent again.
pub(crate) fn send<'t, B: Buffers>(
    wire: &impl Wire,
    buffers: &mut B,
    pieces: impl IntoIterator<Item = &'t [u8]>,
) -> io::Result<usize> {
    let mut pieces = pieces.into_iter().chain([&[][..]]);
    let mut window: VecDeque<B::Packet> = VecDeque::with_capacity(WINDOW);
    // The number of the first packet in the window.
    let mut first = 0;
    let (mut resent, mut silence) = (0, 0);
    loop {
        while window.len() < WINDOW
            && let Some(piece) = pieces.next()
        {
            let filled = buffers.fill(|buffer| {
                let (before, rest) = buffer.split_at_mut(NUMBER);
                before.copy_from_slice(&(first + window.len() as u64).to_be_bytes());
                rest[..piece.len()].copy_from_slice(piece);
                Ok(Some(NUMBER + piece.len()))
            })?;
            let packet = filled.expect("it was filled");
            wire.send(&packet)?;
            window.push_back(packet);
        }
        if window.is_empty() {
            return Ok(resent);
        }
        let mut answer = [0; NUMBER];
        let Some(len) = wire.receive(&mut answer)? else {
            silence += 1;
            if silence == MOST_SILENCE {
                return Err(io::ErrorKind::TimedOut.into());
            }
            for packet in &window {
                wire.send(packet)?;
                resent += 1;
            }
            continue;
        };
        silence = 0;
        // Old answers, and what nobody of ours has sent, free nothing.
        let acknowledged = number(&answer[..len])
            .and_then(|wanted| wanted.checked_sub(first))
            .filter(|&count| count <= window.len() as u64)
            .unwrap_or(0);
        drop(window.drain(..acknowledged as usize));
        first += acknowledged;
    }
}

/// The other end.
pub(crate) struct Receiver<'w, W, B: Buffers> {
    wire: &'w W,
    buffers: B,
    /// The packet that is wanted next, and after it those that came early, each at its number modulo the window.
    ahead: [Option<B::Packet>; WINDOW],
    wanted: u64,
    /// Whether the sender has gone.
    gone: &'w AtomicBool,
}

impl<'w, W: Wire, B: Buffers> Receiver<'w, W, B> {
    pub(crate) fn new(wire: &'w W, buffers: B, gone: &'w AtomicBool) -> Self {
        Self { wire, buffers, ahead: [const { None }; WINDOW], wanted: 0, gone }
    }

    /// The next packet, which begins with its number; `None` after the last.
    pub(crate) fn next(&mut self) -> io::Result<Option<B::Packet>> {
        loop {
            if let Some(packet) = self.ahead[self.wanted as usize % WINDOW].take() {
                self.wanted += 1;
                self.wire.send(&self.wanted.to_be_bytes())?;
                return Ok(Some(packet).filter(|packet| packet.len() > NUMBER));
            }
            if !self.take_in()? && self.gone.load(Relaxed) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Answers until the sender needs no more answers: the last one may have been lost.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        while !self.gone.load(Relaxed) {
            self.take_in()?;
        }
        Ok(())
    }

    /// Receives one packet, and whether there was one.
    fn take_in(&mut self) -> io::Result<bool> {
        let Some(packet) = self.buffers.fill(|buffer| self.wire.receive(buffer))? else { return Ok(false) };
        let Some(number) = number(&packet) else { return Ok(true) };
        match number.checked_sub(self.wanted) {
            Some(early) if early < WINDOW as u64 => self.ahead[number as usize % WINDOW] = Some(packet),
            // Sent again, so the sender does not know that it was here.
            _ => self.wire.send(&self.wanted.to_be_bytes())?,
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::net::UdpSocket;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::kinds::{Pooled, PooledAsBytes, SplitBytesMut, Vecs};
    use crate::wire::pair;

    /// Loses, doubles and delays.
    struct Bad {
        socket: UdpSocket,
        sent: Cell<u32>,
        late: RefCell<Option<Vec<u8>>>,
    }

    impl Wire for Bad {
        fn send(&self, datagram: &[u8]) -> io::Result<()> {
            let sent = self.sent.replace(self.sent.get() + 1);
            match sent % 7 {
                2 | 5 => return Ok(()),
                3 => Wire::send(&self.socket, datagram)?,
                4 => {
                    if let Some(late) = self.late.replace(Some(datagram.to_vec())) {
                        Wire::send(&self.socket, &late)?;
                    }
                    return Ok(());
                }
                // Not one of ours.
                6 => Wire::send(&self.socket, b"noise")?,
                _ => {}
            }
            Wire::send(&self.socket, datagram)
        }

        fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
            self.socket.receive(buffer)
        }
    }

    fn transfer<B: Buffers>(text: &[u8]) -> (Vec<u8>, usize) {
        let [here, there] = pair(Duration::from_millis(2)).expect("sockets on this machine").map(|socket| Bad {
            socket,
            sent: Cell::new(0),
            late: RefCell::new(None),
        });
        let gone = AtomicBool::new(false);
        thread::scope(|scope| {
            let gone = &gone;
            let sender = scope.spawn(move || {
                let resent = send(&there, &mut B::new(WINDOW), pieces(text));
                gone.store(true, Relaxed);
                resent
            });
            let mut receiver = Receiver::new(&here, B::new(2 * WINDOW), gone);
            let mut received = Vec::new();
            while let Some(packet) = receiver.next().expect("the sender is there") {
                received.extend_from_slice(&packet[NUMBER..]);
            }
            receiver.finish().expect("the socket is there");
            (received, sender.join().expect("the sender ends").expect("the socket is there"))
        })
    }

    #[test]
    fn nothing_is_lost_on_a_bad_wire() {
        let text: Vec<u8> = (0..300).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        for (received, resent) in [
            transfer::<Vecs>(&text),
            transfer::<SplitBytesMut>(&text),
            transfer::<PooledAsBytes>(&text),
            transfer::<Pooled>(&text),
        ] {
            assert!(received == text && resent > 0, "{resent} were sent again");
        }
    }

    #[test]
    fn texts_of_every_shape_arrive() {
        let long = vec![b'x'; 5 * DATAGRAM];
        let binary: Vec<u8> = (0..=255).cycle().take(3_000).collect();
        for text in [&b""[..], b"\n", b"no end of line", &long, &binary] {
            assert!(transfer::<Pooled>(text).0 == text);
        }
    }

    #[test]
    fn sender_does_not_wait_for_a_receiver_that_has_gone() {
        let [_here, there] = pair(Duration::from_millis(1)).expect("sockets on this machine");
        let sent = send(&there, &mut Pooled::new(WINDOW), pieces(b"one\ntwo\n"));
        assert_eq!(sent.err().map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
    }

    #[test]
    fn receiver_does_not_wait_for_a_sender_that_has_gone() {
        let [here, _there] = pair(Duration::from_millis(1)).expect("sockets on this machine");
        let gone = AtomicBool::new(true);
        let mut receiver = Receiver::new(&here, Pooled::new(1), &gone);
        assert_eq!(receiver.next().err().map(|error| error.kind()), Some(io::ErrorKind::UnexpectedEof));
    }
}
