//! What the constructors are called.

use proc_macro2::Span;
use syn::Ident;
use syn::ext::IdentExt;

use crate::input::{Input, Variant};

/// The two constructors of a struct or a variant.
pub(crate) struct Names {
    /// The one that fails like `Box::new`.
    pub(crate) new: Ident,
    /// The one that returns an error.
    pub(crate) try_new: Ident,
}

impl Names {
    /// The constructors of a struct.
    pub(crate) fn of_struct(input: &Input) -> Self {
        match &input.options.rename {
            Some(rename) => Self::from_new(rename.value.clone()),
            None => Self::from_new(Ident::new("new_in", input.ident.span())),
        }
    }

    /// The constructors of a variant.
    pub(crate) fn of_variant(variant: &Variant) -> Self {
        match &variant.options.rename {
            Some(rename) => Self::from_new(rename.value.clone()),
            None => {
                let name = format!("new_{}_in", snake_case(&variant.ident.unraw().to_string()));
                Self::from_new(Ident::new(&name, variant.ident.span()))
            }
        }
    }

    /// The constructors that take no pool: they do without the `_in` too. `None` if that leaves no name.
    pub(crate) fn without_pool(&self) -> Option<Self> {
        let name = self.new.unraw().to_string();
        let name = name.strip_suffix("_in")?;
        let mut new: Ident = syn::parse_str(name).or_else(|_| syn::parse_str(&format!("r#{name}"))).ok()?;
        new.set_span(self.new.span());
        Some(Self::from_new(new))
    }

    /// The pair, given the first.
    fn from_new(mut new: Ident) -> Self {
        // Errors point at the user's word, but lints see a macro's code: nobody has to use
        // all the constructors of a private type.
        let span = new.span().resolved_at(Span::mixed_site());
        new.set_span(span);
        let try_new = Ident::new(&format!("try_{}", new.unraw()), span);
        Self { new, try_new }
    }
}

/// `HttpServer` and `HTTPServer` are `http_server`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut before = '_';
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let next_is_lower = rest.peek().is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && before != '_' && (!before.is_uppercase() || next_is_lower) {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
        before = c;
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn words_are_split_where_a_reader_would() {
        let cases = [
            ("Leaf", "leaf"),
            ("BinaryNode", "binary_node"),
            ("HTTPServer", "http_server"),
            ("ServerHTTP", "server_http"),
            ("V2", "v2"),
            ("V2Beta", "v2_beta"),
            ("A", "a"),
            ("ABox", "a_box"),
            ("Already_Split", "already_split"),
            ("lower", "lower"),
            ("ÄrgerÜber", "ärger_über"),
        ];
        for (name, snake) in cases {
            assert_eq!(snake_case(name), snake, "{name}");
        }
    }
}
