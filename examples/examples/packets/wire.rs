//! What carries datagrams: a socket, or in tests one that loses some.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

pub(crate) trait Wire {
    fn send(&self, datagram: &[u8]) -> io::Result<()>;

    /// The length of the next datagram, or nothing if none comes for a while.
    fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<usize>>;
}

impl Wire for UdpSocket {
    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        match UdpSocket::send(self, datagram) {
            // The system has no memory for it just now: lost, as any datagram may be.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            sent => sent.map(drop),
        }
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};

        match self.recv(buffer) {
            Ok(len) => Ok(Some(len)),
            Err(error) if matches!(error.kind(), Interrupted | TimedOut | WouldBlock) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Two sockets that talk to each other. `patience` is how long they wait for a datagram.
pub(crate) fn pair(patience: Duration) -> io::Result<[UdpSocket; 2]> {
    let bind = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
    let sockets = [bind()?, bind()?];
    sockets[0].connect(sockets[1].local_addr()?)?;
    sockets[1].connect(sockets[0].local_addr()?)?;
    for socket in &sockets {
        socket.set_read_timeout(Some(patience))?;
    }
    Ok(sockets)
}
