//! The assumed contract as a server on this machine, with faults on demand.
//!
//! In: keys, a manner of revoking and a plan of faults. Out: an address on
//! loopback that answers as the contract says, and a log of what was asked. The
//! drill and the tests talk to it over HTTP, as they would to the vendor; it
//! shares no code with the client, so that neither hides the other's mistake.

mod fault;
mod routes;
mod state;

pub use fault::{Call, CallKind, Fault, FaultPlan};
pub use state::{Offers, RequestRecord, RevocationManner, SimulatedKey};

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::secret::Secret;
use state::State;

/// How the simulated API behaves.
#[derive(Debug, Clone, Default)]
pub struct Behaviour {
    /// The keys that exist when it starts.
    pub keys: Vec<SimulatedKey>,
    /// What becomes of a revoked key.
    pub manner: RevocationManner,
    /// Which calls the API has.
    pub offers: Offers,
    /// Waited before every answer.
    pub latency: Duration,
    /// Faults by call; none by default.
    pub faults: FaultPlan,
    /// Keys on one page of the listing; zero means all.
    pub page_size: usize,
}

/// A running simulator; it stops when this is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Simulator {
    /// Starts on a free port of 127.0.0.1, on a thread of its own.
    ///
    /// # Errors
    /// Where the system gives no port or no thread.
    pub fn start(behaviour: Behaviour) -> io::Result<Self> {
        Self::start_with(behaviour, |listener| listener)
    }

    /// Starts behind another listener, such as one that speaks TLS.
    ///
    /// # Errors
    /// As for [`Simulator::start`].
    pub fn start_with<L, F>(behaviour: Behaviour, wrap: F) -> io::Result<Self>
    where
        L: Listener,
        L::Addr: std::fmt::Debug,
        F: FnOnce(TcpListener) -> L + Send + 'static,
    {
        let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let state = Arc::new(State::new(behaviour));
        let router = routes::router(Arc::clone(&state));
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("simulator".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(socket) else { return };
                let serve = async { axum::serve(wrap(listener), router).await };
                // Open connections end with the thread's runtime.
                tokio::select! { _ = serve => {}, _ = stopped => {} }
            });
        })?;
        Ok(Self { address, state, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address to give to the client.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Whether a key would be let in now.
    #[must_use]
    pub fn is_live(&self, key: &Secret) -> bool {
        self.state.is_live(key.expose())
    }

    /// Revokes a key as its owner would in the dashboard.
    pub fn revoke_by_hand(&self, key: &Secret) {
        self.state.revoke(key.expose());
    }

    /// Every request since the start, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.state.requests()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
