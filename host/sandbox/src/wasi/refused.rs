//! `wasi:sockets`: there is no network here. Whatever could make a handle is refused, so no method of a
//! handle can ever be called; should one be, it is refused too.

use wasmtime::{
    StoreContextMut,
    component::{Linker, LinkerInstance, Resource, ResourceType, Type, Val, types::ComponentFunc},
};

use crate::guest::Guest;

/// A socket: what a guest never holds, but for the network that all sockets ask for.
struct Refused;

/// One interface: its name, its resources, its functions.
struct Interface {
    name: &'static str,
    resources: &'static [&'static str],
    functions: &'static [&'static str],
}

/// Names of error codes for a refusal, the first that a function knows is given.
const CODES: &[&str] = &["access-denied", "access", "not-supported"];

/// Everything refused is linked by these names.
pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    for interface in INTERFACES {
        let mut instance = linker.instance(interface.name)?;
        for resource in interface.resources {
            let kind = ResourceType::host::<Refused>();
            instance.resource(resource, kind, |_, _| Ok(()))?;
        }
        for function in interface.functions {
            link_function(&mut instance, function)?;
        }
    }
    Ok(())
}

fn link_function(instance: &mut LinkerInstance<'_, Guest>, name: &str) -> wasmtime::Result<()> {
    match name {
        // The one handle that is given: it opens nothing.
        "instance-network" => {
            instance.func_wrap(name, |_, ()| Ok((Resource::<Refused>::new_own(0),)))
        }
        _ => {
            let named = name.to_owned();
            instance.func_new_async(name, move |store, ty, arguments, results| {
                let named = named.clone();
                Box::new(async move {
                    give_back(store, arguments).await?;
                    refuse(&named, &ty, results)
                })
            })
        }
    }
}

/// Ends the borrows that a call lends to the host.
async fn give_back(
    mut store: StoreContextMut<'_, Guest>,
    arguments: &[Val],
) -> wasmtime::Result<()> {
    for argument in arguments {
        if let Val::Resource(resource) = argument {
            resource.resource_drop_async(&mut store).await?;
        }
    }
    Ok(())
}

fn refuse(name: &str, ty: &ComponentFunc, results: &mut [Val]) -> wasmtime::Result<()> {
    let refusal = ty.results().next().and_then(|ty| match ty {
        Type::Option(_) => Some(Val::Option(None)),
        Type::Result(result) => match result.err()? {
            Type::Enum(codes) => {
                let code = CODES.iter().find(|code| codes.names().any(|name| name == **code))?;
                Some(Val::Result(Err(Some(Box::new(Val::Enum((*code).to_owned()))))))
            }
            _ => None,
        },
        _ => None,
    });
    match (refusal, results) {
        (Some(refusal), [result]) => {
            *result = refusal;
            Ok(())
        }
        _ => Err(wasmtime::Error::msg(format!("`{name}` is refused: skills have no network"))),
    }
}

const INTERFACES: &[Interface] = &[
    Interface {
        name: "wasi:sockets/network@0.2.12",
        resources: &["network"],
        functions: &["network-error-code"],
    },
    Interface {
        name: "wasi:sockets/instance-network@0.2.12",
        resources: &[],
        functions: &["instance-network"],
    },
    Interface {
        name: "wasi:sockets/ip-name-lookup@0.2.12",
        resources: &["resolve-address-stream"],
        functions: &[
            "[method]resolve-address-stream.resolve-next-address",
            "[method]resolve-address-stream.subscribe",
            "resolve-addresses",
        ],
    },
    Interface {
        name: "wasi:sockets/tcp@0.2.12",
        resources: &["tcp-socket"],
        functions: &[
            "[method]tcp-socket.start-bind",
            "[method]tcp-socket.finish-bind",
            "[method]tcp-socket.start-connect",
            "[method]tcp-socket.finish-connect",
            "[method]tcp-socket.start-listen",
            "[method]tcp-socket.finish-listen",
            "[method]tcp-socket.accept",
            "[method]tcp-socket.local-address",
            "[method]tcp-socket.remote-address",
            "[method]tcp-socket.is-listening",
            "[method]tcp-socket.address-family",
            "[method]tcp-socket.set-listen-backlog-size",
            "[method]tcp-socket.keep-alive-enabled",
            "[method]tcp-socket.set-keep-alive-enabled",
            "[method]tcp-socket.keep-alive-idle-time",
            "[method]tcp-socket.set-keep-alive-idle-time",
            "[method]tcp-socket.keep-alive-interval",
            "[method]tcp-socket.set-keep-alive-interval",
            "[method]tcp-socket.keep-alive-count",
            "[method]tcp-socket.set-keep-alive-count",
            "[method]tcp-socket.hop-limit",
            "[method]tcp-socket.set-hop-limit",
            "[method]tcp-socket.receive-buffer-size",
            "[method]tcp-socket.set-receive-buffer-size",
            "[method]tcp-socket.send-buffer-size",
            "[method]tcp-socket.set-send-buffer-size",
            "[method]tcp-socket.subscribe",
            "[method]tcp-socket.shutdown",
        ],
    },
    Interface {
        name: "wasi:sockets/tcp-create-socket@0.2.12",
        resources: &[],
        functions: &["create-tcp-socket"],
    },
    Interface {
        name: "wasi:sockets/udp@0.2.12",
        resources: &["udp-socket", "incoming-datagram-stream", "outgoing-datagram-stream"],
        functions: &[
            "[method]udp-socket.start-bind",
            "[method]udp-socket.finish-bind",
            "[method]udp-socket.stream",
            "[method]udp-socket.local-address",
            "[method]udp-socket.remote-address",
            "[method]udp-socket.address-family",
            "[method]udp-socket.unicast-hop-limit",
            "[method]udp-socket.set-unicast-hop-limit",
            "[method]udp-socket.receive-buffer-size",
            "[method]udp-socket.set-receive-buffer-size",
            "[method]udp-socket.send-buffer-size",
            "[method]udp-socket.set-send-buffer-size",
            "[method]udp-socket.subscribe",
            "[method]incoming-datagram-stream.receive",
            "[method]incoming-datagram-stream.subscribe",
            "[method]outgoing-datagram-stream.check-send",
            "[method]outgoing-datagram-stream.send",
            "[method]outgoing-datagram-stream.subscribe",
        ],
    },
    Interface {
        name: "wasi:sockets/udp-create-socket@0.2.12",
        resources: &[],
        functions: &["create-udp-socket"],
    },
];
