//! The grammar of `#[pooled(...)]`. Nothing else in the crate parses attributes.

use proc_macro2::TokenTree;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, LitStr, Meta, Path, Token, Visibility, WherePredicate, parenthesized, token};

use crate::errors::Errors;

/// The name of the attribute.
pub(crate) const ATTRIBUTE: &str = "pooled";

/// An option as the user gave it: its keyword, to point at, and its value.
pub(crate) struct Given<T> {
    pub(crate) key: Ident,
    pub(crate) value: T,
}

/// An option that may be left out.
pub(crate) type Opt<T> = Option<Given<T>>;

/// The options of a struct or an enum.
#[derive(Default)]
pub(crate) struct ContainerOptions {
    /// `crate = path`.
    pub(crate) krate: Opt<Path>,
    /// `vis = "..."` or `vis(...)`.
    pub(crate) vis: Opt<Visibility>,
    /// `rename = "name"`.
    pub(crate) rename: Opt<Ident>,
    /// `bound = "T: Trait"`.
    pub(crate) bound: Opt<Punctuated<WherePredicate, Token![,]>>,
    /// `thread_local`.
    pub(crate) thread_local: Opt<()>,
    /// `global`.
    pub(crate) global: Opt<()>,
    /// `clone`.
    pub(crate) clone: Opt<()>,
    /// `walk`.
    pub(crate) walk: Opt<()>,
}

/// The options of an enum's variant.
#[derive(Default)]
pub(crate) struct VariantOptions {
    /// `rename = "name"`.
    pub(crate) rename: Opt<Ident>,
    /// `skip`.
    pub(crate) skip: Opt<()>,
}

/// The options of a field.
#[derive(Default)]
pub(crate) struct FieldOptions {
    /// `default = expression`, or `default`, which has no expression inside.
    pub(crate) default: Opt<Option<Expr>>,
    /// `into`.
    pub(crate) into: Opt<()>,
    /// `link`.
    pub(crate) link: Opt<()>,
    /// `rename = "name"`.
    pub(crate) rename: Opt<Ident>,
}

impl ContainerOptions {
    /// Reads the options on a struct or an enum.
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut options = Self::default();
        read(attributes, Level::Container, errors, |entry| match entry.name.as_str() {
            "crate" => entry.set(&mut options.krate, path),
            "vis" => entry.set(&mut options.vis, visibility),
            "rename" => entry.set(&mut options.rename, name),
            "bound" => entry.set(&mut options.bound, bound),
            "thread_local" => entry.set(&mut options.thread_local, flag),
            "global" => entry.set(&mut options.global, flag),
            "clone" => entry.set(&mut options.clone, flag),
            "walk" => entry.set(&mut options.walk, flag),
            _ => entry.unknown(),
        });
        options
    }
}

impl VariantOptions {
    /// Reads the options on a variant.
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut options = Self::default();
        read(attributes, Level::Variant, errors, |entry| match entry.name.as_str() {
            "rename" => entry.set(&mut options.rename, name),
            "skip" => entry.set(&mut options.skip, flag),
            _ => entry.unknown(),
        });
        options
    }
}

impl FieldOptions {
    /// Reads the options on a field.
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut options = Self::default();
        read(attributes, Level::Field, errors, |entry| match entry.name.as_str() {
            "default" => entry.set(&mut options.default, default),
            "into" => entry.set(&mut options.into, flag),
            "link" => entry.set(&mut options.link, flag),
            "rename" => entry.set(&mut options.rename, name),
            _ => entry.unknown(),
        });
        options
    }
}

/// What an attribute stands on.
#[derive(Clone, Copy)]
enum Level {
    Container,
    Variant,
    Field,
}

impl Level {
    /// The options known here.
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Container => &["crate", "vis", "rename", "bound", "clone", "walk", "thread_local", "global"],
            Self::Variant => &["rename", "skip"],
            Self::Field => &["default", "into", "link", "rename"],
        }
    }

    /// What the attribute stands on and what it may say, for a message.
    fn takes(self) -> String {
        let name = self.name();
        let known: Vec<_> = self.options().iter().map(|o| format!("`{o}`")).collect();
        format!("{name} takes {}", known.join(", "))
    }

    /// What the attribute stands on.
    fn name(self) -> &'static str {
        match self {
            Self::Container => "a struct or enum",
            Self::Variant => "a variant",
            Self::Field => "a field",
        }
    }
}

/// An option that is being read: its keyword is taken, its value is next in `input`.
struct Entry<'a> {
    key: Ident,
    /// `key` as a string.
    name: String,
    level: Level,
    input: ParseStream<'a>,
    errors: &'a mut Errors,
}

impl Entry<'_> {
    /// Reads the value into `option`.
    fn set<T>(self, option: &mut Opt<T>, parse: fn(ParseStream<'_>) -> syn::Result<T>) -> syn::Result<()> {
        let value = parse(self.input)?;
        if option.is_some() {
            self.errors.at(&self.key, format!("`{}` is given twice", self.name));
        } else {
            *option = Some(Given { key: self.key, value });
        }
        Ok(())
    }

    /// Reports the option, says what is known, and skips the value.
    fn unknown(self) -> syn::Result<()> {
        let Self { name, level, .. } = self;
        let elsewhere = [Level::Container, Level::Variant, Level::Field]
            .into_iter()
            .find(|level| level.options().contains(&name.as_str()));
        let what = match elsewhere {
            Some(elsewhere) => format!("`{name}` is an option of {}", elsewhere.name()),
            None => format!("unknown option `{name}`"),
        };
        self.errors.at(&self.key, format!("{what}; {}", level.takes()));
        if self.input.peek(Token![=]) {
            self.input.parse::<Token![=]>()?;
            // Most values are expressions, which may contain commas. If this is none, the loop skips it.
            let _ = self.input.parse::<Expr>();
        }
        while !self.input.is_empty() && !self.input.peek(Token![,]) {
            self.input.parse::<TokenTree>()?;
        }
        Ok(())
    }
}

/// Calls `set` for each option in `attributes`.
fn read(
    attributes: &[Attribute],
    level: Level,
    errors: &mut Errors,
    mut set: impl FnMut(Entry<'_>) -> syn::Result<()>,
) {
    for attribute in attributes.iter().filter(|a| a.path().is_ident(ATTRIBUTE)) {
        let Meta::List(list) = &attribute.meta else {
            errors.at(attribute, format!("expected `#[pooled(...)]`; {}", level.takes()));
            continue;
        };
        // What is left of an attribute after a syntax error is not read: it would only
        // bring messages about the rest of a broken expression.
        let outcome = list.parse_args_with(|input: ParseStream<'_>| {
            while !input.is_empty() {
                let key = input
                    .call(Ident::parse_any)
                    .map_err(|error| syn::Error::new(error.span(), format!("expected an option; {}", level.takes())))?;
                let name = key.to_string();
                set(Entry { key, name, level, input, errors: &mut *errors })?;
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        });
        if let Err(error) = outcome {
            errors.push(error);
        }
    }
}

/// Reads nothing: the option has no value.
fn flag(input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(input.error("this option takes no value"))
}

/// Reads `= expression`, or nothing.
fn default(input: ParseStream<'_>) -> syn::Result<Option<Expr>> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(None);
    }
    if !input.peek(Token![=]) {
        return Err(input.error("expected `default` or `default = expression`"));
    }
    input.parse::<Token![=]>()?;
    input.parse().map(Some)
}

/// Reads `= "name"`.
fn name(input: ParseStream<'_>) -> syn::Result<Ident> {
    let text = string(input, "expected `rename = \"name\"`")?;
    text.parse().map_err(|_| {
        let written = text.value();
        let raw = format!("r#{written}");
        let message = if syn::parse_str::<Ident>(&raw).is_ok() {
            format!("`{written}` is a keyword; write `{raw}` or another name")
        } else {
            format!("`{written}` is not a name; expected an identifier")
        };
        syn::Error::new_spanned(&text, message)
    })
}

/// Reads `= path`, or `= "path"`.
fn path(input: ParseStream<'_>) -> syn::Result<Path> {
    const EXPECTED: &str = "expected `crate = path`, the path of `goo_pool_typed`";
    let at = input.span();
    if input.parse::<Token![=]>().is_err() {
        return Err(syn::Error::new(at, EXPECTED));
    }
    let at = input.span();
    let path = match input.parse::<Option<LitStr>>()? {
        Some(text) => text.parse_with(Path::parse_mod_style),
        None => input.call(Path::parse_mod_style),
    };
    path.map_err(|_| syn::Error::new(at, EXPECTED))
}

/// Reads `= "visibility"` or `(visibility)`.
fn visibility(input: ParseStream<'_>) -> syn::Result<Visibility> {
    const EXPECTED: &str = "expected `vis = \"...\"` or `vis(...)`";
    const VALUE: &str = "expected a visibility: `pub`, `pub(crate)`, `pub(super)`, \
                         `pub(in path)`, or nothing for a private function";
    if input.peek(token::Paren) {
        let value;
        let parens = parenthesized!(value in input);
        let vis = value.parse();
        return match vis {
            Ok(vis) if value.is_empty() => Ok(vis),
            _ => Err(syn::Error::new(parens.span.join(), VALUE)),
        };
    }
    let text = string(input, EXPECTED)?;
    text.parse().map_err(|_| syn::Error::new_spanned(&text, VALUE))
}

/// Reads `= "T: Bound, ..."`.
fn bound(input: ParseStream<'_>) -> syn::Result<Punctuated<WherePredicate, Token![,]>> {
    let text = string(input, "expected `bound = \"T: Trait, ...\"`")?;
    text.parse_with(Punctuated::parse_terminated).map_err(|error| {
        let message = format!("expected bounds as in a where-clause, `T: Trait, ...`: {error}");
        syn::Error::new_spanned(&text, message)
    })
}

/// Reads `= "..."`; anything else is `expected`.
fn string(input: ParseStream<'_>, expected: &str) -> syn::Result<LitStr> {
    let at = input.span();
    input.parse::<Token![=]>().and_then(|_| input.parse()).map_err(|_| syn::Error::new(at, expected))
}
