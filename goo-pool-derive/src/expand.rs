//! Our tree into tokens. Nothing here can fail: what is wrong has been reported.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use crate::default_pool;
use crate::generics;
use crate::input::{Field, Input, Shape, Source, Variant, array, repeat};
use crate::links;
use crate::names::Names;

/// What the constructors do.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    /// Build the value.
    Whole,
    /// Nothing: a mistake has been reported, and the signatures are there so that it brings no
    /// errors where the constructors are called.
    Stub,
}

/// The code for `input`.
pub(crate) fn expand(input: &Input, body: Body) -> TokenStream {
    let expander = Expander::new(input, body);
    // Each use of the type would only repeat that it has no size.
    if input.fields().any(Field::is_unsized) {
        return TokenStream::new();
    }
    let constructors: Vec<_> = match &input.shape {
        Shape::Struct(fields) => vec![expander.of_struct(fields)],
        Shape::Enum(variants) => variants
            .iter()
            .filter(|variant| variant.options.skip.is_none())
            .map(|variant| expander.of_variant(variant))
            .collect(),
        Shape::Union(_) => Vec::new(),
    };
    // Two with one name have been reported.
    let mut seen = HashSet::new();
    let functions = constructors
        .iter()
        .flat_map(|constructor| expander.functions(constructor))
        .filter_map(|(name, function)| seen.insert(name.to_string()).then_some(function));

    let (krate, ident) = (&expander.krate, &input.ident);
    let generics = generics::of_impl(input, &expander.private);
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let default_pool = default_pool::of(input).map(|pool| pool.expand(input, krate, body));
    let allow = input.allow();
    let links = links::expand(input, &expander.private, body);
    quote! {
        #allow
        #[automatically_derived]
        impl #impl_generics #ident #type_generics #where_clause {
            #(#functions)*
        }

        #allow
        #[automatically_derived]
        impl #impl_generics #krate::Pooled for #ident #type_generics #where_clause {}

        #default_pool
        #links
    }
}

/// What a constructor takes and returns: a pool of any kind, and a box of that kind. The names of these types stand
/// here alone.
struct Pools {
    /// The pool's path.
    pool: TokenStream,
    /// The constructor's own type parameter, in angle brackets. Types have no hygiene, so its name is one that the user's types
    /// will not have.
    parameter: TokenStream,
    pool_type: TokenStream,
    box_type: TokenStream,
}

impl Pools {
    fn new(krate: &TokenStream) -> Self {
        let generic = quote!(#krate::generic);
        Self {
            pool: quote!(#generic::Pool),
            parameter: quote!(<__S: #generic::Source>),
            pool_type: quote!(#generic::Pool<Self, __S>),
            box_type: quote!(#generic::PoolBox<Self, __S::Handle>),
        }
    }
}

/// The two constructors of a struct or a variant, about to be written.
struct Constructor<'a> {
    names: Names,
    fields: &'a [Field],
    /// `Struct` or `Enum::Variant`, for the documentation.
    title: String,
    /// How the value comes into the chunk, for the documentation.
    how: &'static str,
    /// The body of the one that returns an error.
    build: TokenStream,
}

/// A way for a constructor's value into a pool: the pool is an argument, or it is the default pool.
struct Way<'a> {
    names: &'a Names,
    /// The pool, for the documentation.
    place: &'static str,
    /// The type parameter, in angle brackets.
    parameter: Option<&'a TokenStream>,
    /// The pool's name, and the whole argument.
    first: Option<(&'a Ident, TokenStream)>,
    box_type: TokenStream,
    /// The body of the one that returns an error.
    build: TokenStream,
}

/// What all functions have in common.
struct Expander<'a> {
    input: &'a Input,
    body: Body,
    /// The path of `goo_pool_typed`.
    krate: TokenStream,
    /// The module of what generated code may name.
    private: TokenStream,
    pools: Pools,
    /// The parameter that every constructor has.
    pool: Ident,
}

impl<'a> Expander<'a> {
    /// Ready to expand `input`.
    fn new(input: &'a Input, body: Body) -> Self {
        let krate = match &input.options.krate {
            Some(given) => given.value.to_token_stream(),
            None => quote!(::goo_pool_typed),
        };
        Self {
            input,
            body,
            private: quote!(#krate::__private),
            pools: Pools::new(&krate),
            pool: hygienic("pool"),
            krate,
        }
    }

    /// The constructors of a struct: each field is written straight into the chunk.
    fn of_struct(&self, fields: &'a [Field]) -> Constructor<'a> {
        let names = Names::of_struct(self.input);
        let title = self.input.ident.to_string();
        if self.input.packed {
            // Its fields may be misaligned, so none can be filled or dropped where it lies.
            return self.by_value(names, fields, title, &quote!(Self));
        }
        let Self { private, pools, pool, .. } = self;
        let pool_path = &pools.pool;
        let [slot, chunk, guards] = ["slot", "chunk", "guards"].map(hygienic);
        let members: Vec<_> = fields.iter().map(|field| &field.member).collect();
        let bindings = (0..fields.len()).map(|index| hygienic(&format!("field{index}")));
        let writes = fields.iter().map(|field| self.write(field));
        let build = quote! {
            // An attribute below the derive may change the struct after we have seen it. This
            // compiles only if the fields written below are all there are, and are aligned.
            let _ = |Self { #(#members: #bindings),* }: &Self| {};

            let mut #slot = #pool_path::try_alloc_uninit(#pool)?;
            let #chunk = #private::chunk(&mut #slot);
            let #guards = (
                #(unsafe { #private::Place::new(&raw mut (*#chunk).#members) }.#writes,)*
            );
            #private::Result::Ok(unsafe { #private::finish(#slot, #guards) })
        };
        let how = "The chunk is reserved first. Then the fields are evaluated and written into \
                   it, one after the other.";
        Constructor { names, fields, title, how, build }
    }

    /// The constructors of a variant. Where its fields lie, only the compiler knows.
    fn of_variant(&self, variant: &'a Variant) -> Constructor<'a> {
        let ident = &variant.ident;
        let title = format!("{}::{ident}", self.input.ident);
        self.by_value(Names::of_variant(variant), &variant.fields, title, &quote!(Self::#ident))
    }

    /// Constructors that build the value as a whole, then move it into the chunk.
    fn by_value(&self, names: Names, fields: &'a [Field], title: String, path: &TokenStream) -> Constructor<'a> {
        let Self { pools, pool, .. } = self;
        let pool_path = &pools.pool;
        let members = fields.iter().map(|field| &field.member);
        let values = fields.iter().map(|field| self.value(field));
        let build = quote! {
            #pool_path::try_alloc_with(#pool, || #path { #(#members: #values),* })
        };
        let how = "The chunk is reserved first. Then the fields are evaluated, one after the \
                   other, and the value is moved into it.";
        Constructor { names, fields, title, how, build }
    }

    /// The functions of a constructor, with their names: a pair that takes the pool, and a pair for the default pool.
    fn functions(&self, constructor: &Constructor<'_>) -> Vec<(Ident, TokenStream)> {
        let Self { krate, pool, pools: Pools { parameter, pool_type, box_type, .. }, .. } = self;
        let Constructor { names, fields, build, .. } = constructor;
        let pool_argument = match self.body {
            Body::Whole => quote!(#pool: &#pool_type),
            Body::Stub => quote!(_: &#pool_type),
        };
        let in_a_pool = Way {
            names,
            place: "`pool`",
            parameter: Some(parameter),
            first: Some((pool, pool_argument)),
            box_type: box_type.clone(),
            build: build.clone(),
        };
        let mut functions = self.pair(constructor, &in_a_pool);

        if let (Some(default), Some(without_pool)) = (default_pool::of(self.input), names.without_pool()) {
            let (try_new_in, handle) = (&names.try_new, default.handle(krate));
            let arguments = fields.iter().filter_map(Field::argument);
            let in_the_default_pool = Way {
                names: &without_pool,
                place: "the default pool",
                parameter: None,
                first: None,
                box_type: quote!(#krate::generic::PoolBox<Self, #handle>),
                build: quote! {
                    <Self as #krate::DefaultPool>::with_default_pool(|#pool| Self::#try_new_in(#pool #(, #arguments)*))
                },
            };
            functions.extend(self.pair(constructor, &in_the_default_pool));
        }
        functions
    }

    /// The pair of functions that goes one way, with their names.
    fn pair(&self, constructor: &Constructor<'_>, way: &Way<'_>) -> Vec<(Ident, TokenStream)> {
        let Self { krate, private, .. } = self;
        let Constructor { fields, title, how, .. } = constructor;
        let Way { names: Names { new, try_new }, place, parameter, first, box_type, build } = way;
        let vis = self.input.constructor_vis();
        let result = quote!(#private::Result<#box_type, #krate::AllocError>);
        let bounds = generics::of_constructor(self.input, fields, &quote!(#private::Default));

        let (arguments, types): (Vec<_>, Vec<_>) = fields.iter().filter_map(|field| self.parameter(field)).unzip();
        let count = arguments.len() + usize::from(first.is_some());
        // Clippy's default limit is seven.
        let allow = (count > 7).then(|| quote!(#[allow(clippy::too_many_arguments)]));
        let (pool, first) = first.as_ref().map(|(pool, first)| (quote!(#pool,), quote!(#first,))).unzip();
        let (parameters, new_body, try_new_body) = match self.body {
            Body::Whole => (
                quote!(#first #(#arguments: #types),*),
                quote!(#private::expect(Self::#try_new(#pool #(#arguments),*))),
                build.clone(),
            ),
            Body::Stub => (quote!(#first #(_: #types),*), quote!(#private::reported()), quote!(#private::reported())),
        };

        let summary = format!(" Builds a `{title}` in a chunk of {place}.");
        let how = format!(" {how}");
        let panics = format!(
            " When the pool has reached its limit. When memory runs out, this fails as \
             `Box::new` does. [`{try_new}`](Self::{try_new}) returns an error instead."
        );
        let errors = " When the pool has reached its limit, or memory runs out. No field has \
                      been evaluated then; the arguments are dropped.";
        let new_function = quote! {
            #[doc = #summary]
            #[doc = ""]
            #[doc = #how]
            #[doc = ""]
            #[doc = " # Panics"]
            #[doc = ""]
            #[doc = #panics]
            #allow
            #[inline]
            #[must_use]
            #vis fn #new #parameter (#parameters) -> #box_type #bounds {
                #new_body
            }
        };
        let try_new_function = quote! {
            #[doc = #summary]
            #[doc = ""]
            #[doc = #how]
            #[doc = ""]
            #[doc = " # Errors"]
            #[doc = ""]
            #[doc = #errors]
            #allow
            #[inline]
            #vis fn #try_new #parameter (#parameters) -> #result #bounds {
                #try_new_body
            }
        };
        vec![(new.clone(), new_function), (try_new.clone(), try_new_function)]
    }

    /// The argument that `field` needs, and its type.
    fn parameter(&self, field: &Field) -> Option<(Ident, TokenStream)> {
        let (private, ty) = (&self.private, &field.ty);
        let ty = match field.source() {
            Source::Into => quote!(impl #private::Into<#ty>),
            _ => ty.to_token_stream(),
        };
        field.argument().map(|argument| (argument, ty))
    }

    /// The call that writes `field` into its place. An array is written element by element
    /// where that gives the same value: it may be larger than the stack.
    fn write(&self, field: &Field) -> TokenStream {
        let in_place = match (array(&field.ty), field.source()) {
            (Some(array), Source::Default) => {
                let element = self.default(&array.elem);
                let span = located(&array.elem);
                Some(quote_spanned!(span=> init_each(|| #element)))
            }
            (Some(_), Source::Expr(expr)) => repeat(expr).map(|array| {
                let (element, len) = (&array.expr, &array.len);
                let span = located(array);
                quote_spanned!(span=> init_repeat([(); #len], || #element))
            }),
            _ => None,
        };
        in_place.unwrap_or_else(|| {
            let value = self.value(field);
            let span = located(&value);
            quote_spanned!(span=> init(|| #value))
        })
    }

    /// The value of `field`, as an expression.
    fn value(&self, field: &Field) -> TokenStream {
        let private = &self.private;
        let argument = field.argument();
        match field.source() {
            Source::Argument => argument.to_token_stream(),
            Source::Into => quote!(#private::Into::into(#argument)),
            Source::Default => self.default(&field.ty),
            Source::Expr(expr) => expr.to_token_stream(),
            Source::Phantom => quote!(#private::PhantomData),
        }
    }

    /// The default of a `ty`; an array's is its elements' defaults, whatever its length.
    fn default(&self, ty: &Type) -> TokenStream {
        let span = located(ty);
        let private = self.private.clone().into_iter().map(|mut token| {
            token.set_span(token.span().located_at(span));
            token
        });
        let private = TokenStream::from_iter(private);
        match array(ty) {
            Some(array) => {
                let element = self.default(&array.elem);
                quote_spanned!(span=> #private::from_fn(|_| #element))
            }
            None => quote_spanned!(span=> #private::Default::default()),
        }
    }
}

/// The place of the user's `tokens`, for generated code: errors in it point there.
pub(crate) fn located(tokens: &impl Spanned) -> Span {
    tokens.span().resolved_at(Span::mixed_site())
}

/// A name that the user's expressions and arguments cannot mean.
pub(crate) fn hygienic(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
