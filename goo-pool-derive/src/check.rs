//! Everything that can be wrong with a type that parses. All of it is reported together, each
//! mistake on the user's own token.

use std::collections::HashMap;

use proc_macro2::Ident;
use syn::Member;
use syn::ext::IdentExt;

use crate::default_pool;
use crate::errors::Errors;
use crate::generics::maybe_unsized_tail;
use crate::input::{Field, Input, Shape, Variant};
use crate::names::Names;
use crate::options::ContainerOptions;

/// Reports what is wrong with `input`.
pub(crate) fn check(input: &Input, errors: &mut Errors) {
    default_pool::check(input, errors);
    match &input.shape {
        Shape::Struct(fields) => check_fields(fields, errors),
        Shape::Enum(variants) => check_enum(input, variants, errors),
        Shape::Union(token) => {
            errors.at(token, "`Pooled` is for structs and enums; move a union into its pool with `Pool::alloc`");
            return;
        }
    }
    check_links(input, errors);
}

/// Reports what is wrong with an enum as a whole, and with its variants.
fn check_enum(input: &Input, variants: &[Variant], errors: &mut Errors) {
    if let Some(rename) = &input.options.rename {
        errors.at(&rename.key, "an enum has a constructor for each variant; put `rename` on the variants");
    }
    if variants.is_empty() {
        errors.at(&input.ident, "an enum without variants has no value to build");
    } else if variants.iter().all(|variant| variant.options.skip.is_some()) {
        errors.at(
            &input.ident,
            "every variant is skipped, so there is nothing to build; remove a `skip` or the \
             derive",
        );
    }
    let mut functions = HashMap::new();
    for variant in variants {
        if let (Some(_), Some(rename)) = (&variant.options.skip, &variant.options.rename) {
            errors.at(&rename.key, "a variant that is skipped has no constructor to rename");
        }
        if variant.options.skip.is_none() {
            check_fields(&variant.fields, errors);
            check_names(input, variant, &mut functions, errors);
        }
    }
}

/// Reports what is wrong with the links, those of skipped variants too.
fn check_links(input: &Input, errors: &mut Errors) {
    let links: Vec<_> = input.fields().filter_map(|field| Some((field, &field.options.link.as_ref()?.key))).collect();
    if links.is_empty() {
        let ContainerOptions { clone, walk, .. } = &input.options;
        for given in [clone, walk].into_iter().flatten() {
            let key = &given.key;
            errors.at(key, format!("`{key}` is for types with links; mark their fields with `#[pooled(link)]`"));
        }
    }
    for (field, key) in links {
        if input.packed {
            errors.at(key, "the fields of a packed struct may be misaligned, so no link can be taken out of it");
        } else if maybe_unsized_tail(input).is_some() {
            errors.at(key, "a type with links has a `Drop`, which is for values with a size; remove `?Sized`");
        } else if field.is_phantom() {
            errors.at(key, "a `PhantomData` field holds no links");
        } else if field.is_handle() {
            errors.at(
                &field.ty,
                "a destructor cannot take a handle out of its node and leave nothing; put it into an `Option` or a `Vec`",
            );
        }
    }
}

/// Reports a constructor whose name a variant before has taken.
fn check_names<'a>(
    input: &Input,
    variant: &'a Variant,
    functions: &mut HashMap<String, &'a Ident>,
    errors: &mut Errors,
) {
    let names = Names::of_variant(variant);
    let without_pool = default_pool::of(input).and_then(|_| names.without_pool());
    let mut reported = false;
    for name in [Some(names), without_pool].into_iter().flatten().flat_map(|names| [names.new, names.try_new]) {
        let taken = functions.insert(name.unraw().to_string(), &variant.ident);
        if let (Some(other), false) = (taken, reported) {
            reported = true;
            let message = format!(
                "the constructors of `{other}` and `{}` are both called `{name}`; give one \
                 another name with `#[pooled(rename = \"...\")]`",
                variant.ident
            );
            match &variant.options.rename {
                Some(rename) => errors.at(&rename.value, message),
                None => errors.at(&variant.ident, message),
            }
        }
    }
}

/// Reports what is wrong with the fields of one constructor.
fn check_fields(fields: &[Field], errors: &mut Errors) {
    let mut arguments = HashMap::new();
    for field in fields {
        check_options(field, errors);
        if field.is_unsized() {
            errors.at(
                &field.ty,
                "a pool's values have a size known at compile time; store this behind a \
                 pointer, such as `Box` or `PoolBox`",
            );
        }
        let Some(argument) = field.argument() else { continue };
        if let Some(other) = arguments.insert(argument.unraw(), &field.member) {
            let message = format!(
                "the arguments for {} and {} are both called `{argument}`; give one another \
                 name with `#[pooled(rename = \"...\")]`",
                named(other),
                named(&field.member)
            );
            match (&field.options.rename, &field.member) {
                (Some(rename), _) => errors.at(&rename.value, message),
                (None, Member::Named(ident)) => errors.at(ident, message),
                (None, Member::Unnamed(_)) => errors.at(&field.ty, message),
            }
        }
    }
}

/// Reports options that contradict each other or the field's type.
fn check_options(field: &Field, errors: &mut Errors) {
    let options = &field.options;
    let default = options.default.as_ref().map(|given| &given.key);
    let into = options.into.as_ref().map(|given| &given.key);
    let rename = options.rename.as_ref().map(|given| &given.key);
    if field.is_phantom() {
        for key in [default, into, rename].into_iter().flatten() {
            errors.at(key, format!("a `PhantomData` field has no argument; remove `{key}`"));
        }
    } else if default.is_some() {
        for key in [into, rename].into_iter().flatten() {
            errors.at(key, format!("a field with `default` has no argument; remove `{key}` or `default`"));
        }
    }
}

/// A field, as a message calls it.
fn named(member: &Member) -> String {
    match member {
        Member::Named(ident) => format!("`{ident}`"),
        Member::Unnamed(index) => format!("field {}", index.index),
    }
}
