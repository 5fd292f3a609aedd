//! The contract's calls over HTTP.
//!
//! In: requests. Out: the contract's answers, or the fault that was planned.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State as Extract;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::fault::{Call, CallKind, Fault};
use super::state::{Effect, RequestRecord, RevocationManner, SimulatedKey, State};
use crate::secret::Secret;

/// A request's body is read up to this size.
const BODY_LIMIT_BYTES: usize = 1 << 16;

pub(super) fn router(state: Arc<State>) -> Router {
    Router::new().fallback(answer).with_state(state)
}

/// An answer, and what it did.
struct Done {
    status: u16,
    body: Option<Value>,
    effect: Option<Effect>,
}

impl Done {
    fn plain(status: u16) -> Self {
        Self { status, body: None, effect: None }
    }

    fn error(status: u16, code: &str) -> Self {
        Self { status, body: Some(json!({ "error": { "code": code } })), effect: None }
    }
}

async fn answer(Extract(state): Extract<Arc<State>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let kind = kind(&parts.method, parts.uri.path());
    let bearer = bearer(&parts.headers);
    let (call, fault) = state.arrive(kind, &bearer);
    if !state.behaviour.latency.is_zero() {
        tokio::time::sleep(state.behaviour.latency).await;
    }
    let done = match &fault {
        Some(Fault::Status(status) | Fault::RetryAfter(status, _)) => Done::plain(*status),
        Some(Fault::Redirect(_)) => Done::plain(307),
        Some(Fault::GarbageJson | Fault::HugeBody) => Done::plain(200),
        _ => carry_out(&state, &call, &bearer, &parts.uri, &body),
    };
    let target = target(&state, kind, &parts.uri, &body);
    let was_revoked = done.effect.as_ref().is_some_and(|effect| effect.was_revoked);
    let status = match fault {
        Some(Fault::DoneButStatus(status)) => status,
        _ => done.status,
    };
    state.record(RequestRecord {
        kind,
        bearer: call.bearer,
        target,
        head: head(&parts.method, &parts.uri, &parts.headers),
        status,
        took_effect: done.effect.is_some() && !was_revoked,
        was_revoked,
    });
    respond(done, fault).await
}

fn kind(method: &Method, path: &str) -> CallKind {
    match (method.as_str(), path.strip_prefix("/v1/").unwrap_or_default()) {
        ("GET", path) if path.starts_with("storage/") => CallKind::Probe,
        ("POST", "api-keys/revoke") => CallKind::RevokeByValue,
        ("GET", "api-keys") => CallKind::List,
        ("POST", "api-keys") => CallKind::Create,
        ("DELETE", path) if path.starts_with("api-keys/") => CallKind::RevokeById,
        _ => CallKind::Other,
    }
}

fn bearer(headers: &HeaderMap) -> Vec<u8> {
    let value = headers.get(header::AUTHORIZATION).map(axum::http::HeaderValue::as_bytes);
    value.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default().to_vec()
}

fn carry_out(state: &State, call: &Call, bearer: &[u8], uri: &Uri, body: &Bytes) -> Done {
    if !state.is_live(bearer) {
        return Done::error(401, "unauthorized");
    }
    let offers = state.behaviour.offers;
    match call.kind {
        // No object of that name is stored, which only a live key learns.
        CallKind::Probe => Done::error(404, "not_found"),
        CallKind::Other => Done::plain(404),
        CallKind::RevokeByValue if !offers.revoke_by_value => Done::plain(404),
        CallKind::List if !offers.list => Done::plain(405),
        CallKind::RevokeById if !offers.revoke_by_id => Done::plain(501),
        _ if !state.is_admin(bearer) => Done::error(403, "forbidden"),
        CallKind::RevokeByValue => match json_field(body, "key") {
            Some(key) => revoke(state, &Secret::new(key), true),
            None => Done::error(400, "invalid_request"),
        },
        CallKind::RevokeById => {
            let id = uri.path().rsplit('/').next().unwrap_or_default();
            match state.value_of(id) {
                Some(key) => revoke(state, &key, false),
                None => Done::error(404, "not_found"),
            }
        }
        CallKind::List => list(state, uri),
        CallKind::Create => create(state, body),
    }
}

fn revoke(state: &State, key: &Secret, by_value: bool) -> Done {
    let Some(effect) = state.revoke(key.expose()) else {
        return Done::error(404, "key_not_found");
    };
    if effect.was_revoked {
        return Done { effect: Some(effect), ..Done::error(409, "already_revoked") };
    }
    let status = match state.behaviour.manner {
        RevocationManner::After(_) => 202,
        _ if by_value => 200,
        _ => 204,
    };
    let body = (status == 200).then(|| {
        json!({
            "id": effect.id,
            "name": effect.name,
            "scope": effect.scope,
            "revoked_at": "2026-02-03T04:05:06Z",
        })
    });
    Done { status, body, effect: Some(effect) }
}

fn list(state: &State, uri: &Uri) -> Done {
    let query = uri.query().unwrap_or_default();
    let cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor="));
    let cursor = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let (rows, next) = state.page(cursor);
    let body = json!({ "data": rows, "next": next.map(|next| next.to_string()) });
    Done { status: 200, body: Some(body), effect: None }
}

fn create(state: &State, body: &Bytes) -> Done {
    let (Some(name), Some(scope)) = (json_field(body, "name"), json_field(body, "scope")) else {
        return Done::error(400, "invalid_request");
    };
    let mut random = [0_u8; 24];
    if getrandom::fill(&mut random).is_err() {
        return Done::plain(503);
    }
    let value = data_encoding::BASE64URL_NOPAD.encode(&random);
    let key = SimulatedKey {
        value: Secret::new(value.clone()),
        name: name.clone(),
        scope: scope.clone(),
    };
    let id = state.add(&key);
    let body = json!({ "id": id, "name": name, "scope": scope, "key": value });
    Done { status: 201, body: Some(body), effect: None }
}

fn json_field(body: &Bytes, field: &str) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    value.get(field)?.as_str().map(str::to_owned)
}

fn target(state: &State, kind: CallKind, uri: &Uri, body: &Bytes) -> Option<String> {
    match kind {
        CallKind::RevokeByValue => state.name_of(json_field(body, "key")?.as_bytes()),
        CallKind::RevokeById => {
            let key = state.value_of(uri.path().rsplit('/').next()?)?;
            state.name_of(key.expose())
        }
        _ => None,
    }
}

fn head(method: &Method, uri: &Uri, headers: &HeaderMap) -> String {
    let mut head = format!("{method} {uri}\n");
    for (name, value) in headers {
        if name != header::AUTHORIZATION {
            let _ = writeln!(head, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
        }
    }
    head
}

async fn respond(done: Done, fault: Option<Fault>) -> Response {
    let text = done.body.map_or_else(String::new, |body| body.to_string());
    let mut response = Response::builder().status(done.status);
    if !text.is_empty() {
        response = response.header(header::CONTENT_TYPE, "application/json");
    }
    let body = match fault {
        Some(Fault::RetryAfter(_, seconds)) => {
            response = response.header(header::RETRY_AFTER, seconds);
            Body::empty()
        }
        Some(Fault::Redirect(to)) => {
            response = response.header(header::LOCATION, to);
            Body::empty()
        }
        Some(Fault::DoneButStatus(status)) => {
            response = response.status(status);
            Body::empty()
        }
        Some(Fault::SlowHeaders(delay)) => {
            tokio::time::sleep(delay).await;
            Body::from(text)
        }
        Some(Fault::SlowBody(delay)) => stream::late(text, delay),
        Some(Fault::ResetMidBody) => {
            // A 204 has no body that could break.
            response = response.status(if done.status == 204 { 200 } else { done.status });
            stream::broken()
        }
        Some(Fault::GarbageJson) => Body::from("<html>{\"data\": [nothing of use"),
        Some(Fault::HugeBody) => stream::endless(),
        _ => Body::from(text),
    };
    response.body(body).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

mod stream {
    //! Bodies that do not behave.

    use std::convert::Infallible;
    use std::io;
    use std::time::Duration;

    use axum::body::{Body, Bytes};

    /// A body that comes late.
    pub(super) fn late(text: String, delay: Duration) -> Body {
        Body::from_stream(futures_util::stream::once(async move {
            tokio::time::sleep(delay).await;
            Ok::<_, Infallible>(Bytes::from(text))
        }))
    }

    /// A body whose connection breaks after its first bytes.
    pub(super) fn broken() -> Body {
        let parts = [
            Ok(Bytes::from_static(b"{\"id\":")),
            Err(io::Error::from(io::ErrorKind::ConnectionReset)),
        ];
        Body::from_stream(futures_util::stream::iter(parts))
    }

    /// A body without end.
    pub(super) fn endless() -> Body {
        let chunk = Bytes::from(vec![b' '; 1 << 16]);
        Body::from_stream(futures_util::stream::repeat_with(move || {
            Ok::<_, Infallible>(chunk.clone())
        }))
    }
}
