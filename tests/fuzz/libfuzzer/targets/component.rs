//! Bytes of a component: any at all, components of any sections, and real components of any WIT, with
//! some bytes changed.
#![no_main]

use libfuzzer_sys::{
    arbitrary::{Result, Unstructured},
    fuzz_target,
};
use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding};
use wit_parser::{LiftLowerAbi, ManglingAndAbi};

fuzz_target!(|bytes: &[u8]| {
    drop(voyager_sandbox::fuzz::component(bytes));
    // An input too short for a component is none.
    let _ = of_any_sections(&mut Unstructured::new(bytes));
    let _ = of_any_wit(&mut Unstructured::new(bytes));
});

fn of_any_sections(u: &mut Unstructured<'_>) -> Result<()> {
    let changes = changes(u)?;
    let component = wasm_smith::Component::new(wasm_smith::Config::default(), u)?;
    both(component.to_bytes(), &changes);
    Ok(())
}

/// Places whose bytes are changed, and to what.
fn changes(u: &mut Unstructured<'_>) -> Result<Vec<(u32, u8)>> {
    let changes: u8 = u.int_in_range(0..=4)?;
    (0..changes).map(|_| Ok((u.arbitrary()?, u.arbitrary()?))).collect()
}

/// The component as it is, and changed.
fn both(mut component: Vec<u8>, changes: &[(u32, u8)]) {
    drop(voyager_sandbox::fuzz::component(&component));
    for (at, byte) in changes {
        let at = *at as usize % component.len();
        component[at] = *byte;
    }
    drop(voyager_sandbox::fuzz::component(&component));
}

fn of_any_wit(u: &mut Unstructured<'_>) -> Result<()> {
    let changes = changes(u)?;
    let package = wit_smith::smith(&wit_smith::Config::default(), u)?;
    let Ok(DecodedWasm::WitPackage(resolve, package)) = wit_component::decode(&package) else {
        return Ok(());
    };
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    for world in resolve.packages[package].worlds.values() {
        let mut module = wit_component::dummy_module(&resolve, *world, abi);
        let embedded = wit_component::embed_component_metadata(
            &mut module,
            &resolve,
            *world,
            StringEncoding::UTF8,
        );
        if embedded.is_err() {
            continue;
        }
        let encoder = ComponentEncoder::default().module(&module);
        let Ok(component) = encoder.and_then(|mut encoder| encoder.encode()) else { continue };
        both(component, &changes);
    }
    Ok(())
}
