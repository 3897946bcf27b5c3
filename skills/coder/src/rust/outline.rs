//! The symbols of a Rust file: items, fields of structs, variants, and what is implemented on types.
//! Bodies of functions are not looked into.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{
    Attribute, Expr, Fields, Ident, ImplItem, Item, ItemImpl, Lit, Meta, TraitItem, Visibility,
};

use super::walk::{line, type_name};
use super::without_shebang;
use crate::contract::exports::voyager::coder::metrics::Problem;
use crate::lexical::{self, Flavour};
use crate::outline::{Found, Symbols, first_paragraph};

/// Outlines a text.
pub(crate) fn text(text: &str, symbols: &mut Symbols) -> Result<(), Problem> {
    lexical::comments(text, Flavour::Rust)?;
    let body = without_shebang(text);
    let file = super::parse(super::lex(body)?)?;
    symbols.doc = doc(&file.attrs);
    let outline = Outline { text: body };
    file.items.iter().for_each(|item| outline.item(item, symbols));
    Ok(())
}

struct Outline<'a> {
    text: &'a str,
}

/// A declaration: what all kinds of symbols have.
struct Declaration<'a> {
    kind: &'a str,
    name: &'a Ident,
    attributes: &'a [Attribute],
    /// The whole of it.
    whole: Span,
    /// From where to where its signature goes.
    signature: (Span, Span),
    public: bool,
}

impl Outline<'_> {
    fn add(&self, declaration: &Declaration<'_>, symbols: &mut Symbols) {
        let (start, end) =
            (declaration.signature.0.byte_range().start, declaration.signature.1.byte_range().end);
        symbols.add(Found {
            kind: declaration.kind,
            name: &declaration.name.to_string(),
            lines: (line(declaration.signature.0), last_line(declaration.whole)),
            signature: self
                .text
                .get(start..end.max(start))
                .unwrap_or_default()
                .trim_end_matches([';', ',']),
            doc: doc(declaration.attributes),
            public: declaration.public,
        });
    }

    fn item(&self, item: &Item, symbols: &mut Symbols) {
        let whole = item.span();
        match item {
            Item::Fn(item) => self.named(
                "function",
                &item.sig.ident,
                &item.attrs,
                Some(&item.vis),
                whole,
                item.sig.span(),
                symbols,
            ),
            Item::Struct(item) => {
                let end = fields_start(&item.fields).unwrap_or(whole);
                self.named(
                    "struct",
                    &item.ident,
                    &item.attrs,
                    Some(&item.vis),
                    whole,
                    end,
                    symbols,
                );
                symbols
                    .inside(&item.ident.to_string(), |symbols| self.fields(&item.fields, symbols));
            }
            Item::Enum(item) => {
                self.named(
                    "enum",
                    &item.ident,
                    &item.attrs,
                    Some(&item.vis),
                    whole,
                    item.generics.span(),
                    symbols,
                );
                let public = is_public(&item.vis);
                symbols.inside(&item.ident.to_string(), |symbols| {
                    for variant in &item.variants {
                        let span = variant.span();
                        let signature = (variant.ident.span(), span);
                        let (name, attributes) = (&variant.ident, variant.attrs.as_slice());
                        self.add(
                            &Declaration {
                                kind: "variant",
                                name,
                                attributes,
                                whole: span,
                                signature,
                                public,
                            },
                            symbols,
                        );
                    }
                });
            }
            Item::Union(item) => {
                self.named(
                    "union",
                    &item.ident,
                    &item.attrs,
                    Some(&item.vis),
                    whole,
                    item.generics.span(),
                    symbols,
                );
            }
            Item::Trait(item) => {
                self.named(
                    "trait",
                    &item.ident,
                    &item.attrs,
                    Some(&item.vis),
                    whole,
                    item.generics.span(),
                    symbols,
                );
                let public = is_public(&item.vis);
                symbols.inside(&item.ident.to_string(), |symbols| {
                    item.items.iter().for_each(|item| self.trait_item(item, public, symbols));
                });
            }
            Item::Impl(item) => self.implementation(item, symbols),
            Item::Mod(item) => {
                self.named(
                    "module",
                    &item.ident,
                    &item.attrs,
                    Some(&item.vis),
                    whole,
                    item.ident.span(),
                    symbols,
                );
                symbols.inside(&item.ident.to_string(), |symbols| {
                    item.content
                        .iter()
                        .flat_map(|(_, items)| items)
                        .for_each(|item| self.item(item, symbols));
                });
            }
            Item::Const(item) => self.named(
                "constant",
                &item.ident,
                &item.attrs,
                Some(&item.vis),
                whole,
                whole,
                symbols,
            ),
            Item::Static(item) => self.named(
                "static",
                &item.ident,
                &item.attrs,
                Some(&item.vis),
                whole,
                whole,
                symbols,
            ),
            Item::Type(item) => {
                self.named("type", &item.ident, &item.attrs, Some(&item.vis), whole, whole, symbols)
            }
            Item::TraitAlias(item) => self.named(
                "trait",
                &item.ident,
                &item.attrs,
                Some(&item.vis),
                whole,
                whole,
                symbols,
            ),
            Item::Macro(item) => {
                if let Some(name) = &item.ident {
                    let public = item
                        .attrs
                        .iter()
                        .any(|attribute| attribute.path().is_ident("macro_export"));
                    let signature = (item.mac.path.span(), name.span());
                    let attributes = item.attrs.as_slice();
                    self.add(
                        &Declaration { kind: "macro", name, attributes, whole, signature, public },
                        symbols,
                    );
                }
            }
            _ => {}
        }
    }

    /// An item whose signature goes from its visibility or keyword to the end of `end`.
    #[expect(
        clippy::too_many_arguments,
        reason = "the fields that syn's items share without sharing a type"
    )]
    fn named(
        &self,
        kind: &str,
        name: &Ident,
        attributes: &[Attribute],
        visibility: Option<&Visibility>,
        whole: Span,
        end: Span,
        symbols: &mut Symbols,
    ) {
        let start = behind_attributes(self.text, attributes, whole);
        let end_at = end.byte_range().end.max(name.span().byte_range().end);
        symbols.add(Found {
            kind,
            name: &name.to_string(),
            lines: (line(name.span()), last_line(whole)),
            signature: self
                .text
                .get(start..end_at)
                .unwrap_or_default()
                .trim_end_matches([';', ',', '{']),
            doc: doc(attributes),
            public: visibility.is_none_or(is_public),
        });
    }

    fn fields(&self, fields: &Fields, symbols: &mut Symbols) {
        for field in fields {
            let Some(name) = &field.ident else { continue };
            let span = field.span();
            self.named("field", name, &field.attrs, Some(&field.vis), span, span, symbols);
        }
    }

    fn implementation(&self, item: &ItemImpl, symbols: &mut Symbols) {
        let of_trait = item.trait_.is_some();
        symbols.inside(&type_name(&item.self_ty), |symbols| {
            for item in &item.items {
                let whole = item.span();
                match item {
                    ImplItem::Fn(item) => {
                        let visibility = (!of_trait).then_some(&item.vis);
                        self.named(
                            "method",
                            &item.sig.ident,
                            &item.attrs,
                            visibility,
                            whole,
                            item.sig.span(),
                            symbols,
                        );
                    }
                    ImplItem::Const(item) if !of_trait => {
                        self.named(
                            "constant",
                            &item.ident,
                            &item.attrs,
                            Some(&item.vis),
                            whole,
                            whole,
                            symbols,
                        );
                    }
                    ImplItem::Type(_)
                    | ImplItem::Const(_)
                    | ImplItem::Macro(_)
                    | ImplItem::Verbatim(_) => {}
                    _ => {}
                }
            }
        });
    }

    fn trait_item(&self, item: &TraitItem, public: bool, symbols: &mut Symbols) {
        let whole = item.span();
        let visibility = if public { None } else { Some(&Visibility::Inherited) };
        match item {
            TraitItem::Fn(item) => {
                self.named(
                    "method",
                    &item.sig.ident,
                    &item.attrs,
                    visibility,
                    whole,
                    item.sig.span(),
                    symbols,
                );
            }
            TraitItem::Const(item) => {
                self.named("constant", &item.ident, &item.attrs, visibility, whole, whole, symbols)
            }
            TraitItem::Type(item) => {
                self.named("type", &item.ident, &item.attrs, visibility, whole, whole, symbols)
            }
            _ => {}
        }
    }
}

fn last_line(span: Span) -> u32 {
    u32::try_from(span.end().line).unwrap_or(u32::MAX)
}

/// Where the declaration begins, behind its attributes and their comments.
fn behind_attributes(text: &str, attributes: &[Attribute], whole: Span) -> usize {
    let start = attributes.iter().map(|attribute| attribute.span().byte_range().end).max();
    let start = start.unwrap_or(0).max(whole.byte_range().start);
    start + text.get(start..).map_or(0, |rest| rest.len() - rest.trim_start().len())
}

fn fields_start(fields: &Fields) -> Option<Span> {
    match fields {
        Fields::Named(fields) => Some(fields.brace_token.span.open()),
        Fields::Unnamed(_) | Fields::Unit => None,
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The first paragraph of the documentation among attributes.
fn doc(attributes: &[Attribute]) -> Option<String> {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    first_paragraph(&lines.collect::<Vec<_>>().join("\n"))
}
