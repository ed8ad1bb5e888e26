//! The generics and bounds of the generated code.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{GenericParam, Generics, Ident, Type, TypeParamBound, WherePredicate, parse_quote};

use crate::input::{Field, Input, Shape, Source, array};

/// The type's own generics and nothing else, as an impl of `Drop` has them.
pub(crate) fn of_type(input: &Input) -> Generics {
    let mut generics = input.generics.clone();
    for parameter in &mut generics.params {
        // The parameters' names have had their warnings where the user wrote them.
        let ident = match parameter {
            GenericParam::Lifetime(parameter) => &mut parameter.lifetime.ident,
            GenericParam::Type(parameter) => &mut parameter.ident,
            GenericParam::Const(parameter) => &mut parameter.ident,
        };
        ident.set_span(ident.span().resolved_at(Span::call_site()));
    }
    generics
}

/// The type's generics for its `impl` blocks, with the bounds that the user adds.
pub(crate) fn of_impl(input: &Input, private: &TokenStream) -> Generics {
    let mut generics = of_type(input);
    if let Some(ty) = maybe_unsized_tail(input) {
        let is_sized = parse_quote!(#ty: #private::Sized);
        generics.make_where_clause().predicates.push(is_sized);
    }
    if let Some(bound) = &input.options.bound {
        generics.make_where_clause().predicates.extend(bound.value.iter().cloned());
    }
    generics
}

/// The where-clause of a constructor: what a plain `default` asks of the type's parameters.
/// As elsewhere, bounds that the user gives take the place of those we would guess.
pub(crate) fn of_constructor(input: &Input, fields: &[Field], default: &TokenStream) -> TokenStream {
    if input.options.bound.is_some() {
        return TokenStream::new();
    }
    let parameters = type_parameters(input);
    let mut seen = HashSet::new();
    let types: Vec<_> = fields
        .iter()
        .filter(|field| matches!(field.source(), Source::Default))
        .map(|field| innermost(&field.ty).to_token_stream())
        .filter(|ty| mentions(ty.clone(), &parameters) && seen.insert(ty.to_string()))
        .collect();
    if types.is_empty() {
        return TokenStream::new();
    }
    quote!(where #(#types: #default),*)
}

/// The type of the last field, if a `T: ?Sized` makes values without a size possible. They cannot lie in a
/// pool, so the constructors are for the others.
pub(crate) fn maybe_unsized_tail(input: &Input) -> Option<&Type> {
    let Shape::Struct(fields) = &input.shape else { return None };
    let parameters = input.generics.type_params().flat_map(|parameter| &parameter.bounds);
    let predicates = input.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let predicates = predicates.filter_map(|predicate| match predicate {
        WherePredicate::Type(predicate) => Some(&predicate.bounds),
        _ => None,
    });
    let relaxed = parameters
        .chain(predicates.flatten())
        .any(|bound| matches!(bound, TypeParamBound::Trait(bound) if bound.maybe.is_some()));
    let tail = &fields.last()?.ty;
    (relaxed && mentions(tail.to_token_stream(), &type_parameters(input))).then_some(tail)
}

/// The names of the type's parameters that are types.
fn type_parameters(input: &Input) -> Vec<&Ident> {
    input.generics.type_params().map(|parameter| &parameter.ident).collect()
}

/// The type of an array's elements; of any other type, the type.
fn innermost(ty: &Type) -> &Type {
    array(ty).map_or(ty, |array| innermost(&array.elem))
}

/// One of `parameters` stands somewhere in `tokens`.
fn mentions(tokens: TokenStream, parameters: &[&Ident]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => parameters.contains(&&ident),
        TokenTree::Group(group) => mentions(group.stream(), parameters),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
