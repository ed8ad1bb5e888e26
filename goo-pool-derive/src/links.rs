//! The code for links: `Drop`, and on request `Clone` and the walk. Nothing here can fail: what is wrong has been
//! reported.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Generics, Type, parse_quote};

use crate::expand::{Body, hygienic, located};
use crate::generics;
use crate::input::{Field, Input, Shape, Variant};

/// The code for the links of `input`, if it has any.
pub(crate) fn expand(input: &Input, private: &TokenStream, body: Body) -> TokenStream {
    let expander = Expander { input, private };
    match body {
        Body::Whole => match input.fields().find(|field| field.is_link()) {
            Some(first) => expander.whole(first),
            None => TokenStream::new(),
        },
        Body::Stub => expander.stub(),
    }
}

/// What all impls have in common.
struct Expander<'a> {
    input: &'a Input,
    /// The module of what generated code may name.
    private: &'a TokenStream,
}

/// A struct, or a variant: its path, and its fields with what they are bound to.
struct Arm<'a> {
    path: TokenStream,
    fields: Vec<(&'a Field, Ident)>,
}

impl<'a> Arm<'a> {
    /// Binds the fields to names with this prefix.
    fn new(path: TokenStream, fields: &'a [Field], prefix: &str) -> Self {
        let binding = |index, field: &Field| Ident::new(&format!("{prefix}{index}"), located(&field.ty));
        let fields = fields.iter().enumerate().map(|(index, field)| (field, binding(index, field)));
        Self { path, fields: fields.collect() }
    }

    /// The fields that are links.
    fn links(&self) -> impl Iterator<Item = (&'a Field, &Ident)> {
        self.fields.iter().filter(|(field, _)| field.is_link()).map(|(field, binding)| (*field, binding))
    }

    /// A pattern that binds the fields for which `binds` holds.
    fn pattern(&self, binds: impl Fn(&Field) -> bool) -> TokenStream {
        let bound = self.fields.iter().filter(|(field, _)| binds(field));
        let bindings = bound.map(|(Field { member, .. }, binding)| quote!(#member: #binding));
        let path = &self.path;
        quote!(#path { #(#bindings,)* .. })
    }
}

impl Expander<'_> {
    /// All impls, given the first field that is a link.
    fn whole(&self, first: &Field) -> TokenStream {
        let clone = self.input.options.clone.as_ref().map(|_| self.clone());
        let walk = self.input.options.walk.as_ref().map(|_| self.walk());
        let drop = self.drop(first);
        quote!(#drop #clone #walk)
    }

    /// What has been asked for, so that a reported mistake brings no errors where it is used.
    fn stub(&self) -> TokenStream {
        let private = self.private;
        let clone = self.input.options.clone.as_ref().map(|_| {
            let reported = quote! {
                fn clone(&self) -> Self {
                    #private::reported()
                }
            };
            self.imp(&self.clone_generics(), &quote!(#private::Clone), &reported)
        });
        let walk = self.input.options.walk.as_ref().map(|_| {
            let ty = quote!(#private::Empty<&Self>);
            self.inherent(&ty, &quote!(#private::reported()))
        });
        quote!(#clone #walk)
    }

    /// `Linked` and `Drop`.
    fn drop(&self, first: &Field) -> TokenStream {
        let private = self.private;
        let [visit, node] = ["visit", "node"].map(hygienic);
        let ty = &first.ty;
        let link = quote_spanned!(located(ty)=> <#ty as #private::Links>::Link);
        let arms = self.arms("link").into_iter().map(|arm| {
            let pattern = arm.pattern(Field::is_link);
            let visits = arm
                .links()
                .map(|(Field { ty, .. }, binding)| at(ty, &quote!(#private::Visit::visit(#visit, #binding))));
            quote!(#pattern => { #(#visits;)* })
        });
        // An impl of `Drop` has the type's own bounds, and no others.
        let generics = generics::of_type(self.input);
        let linked = quote! {
            type Link = #link;

            #[inline]
            fn visit_links(&mut self, #visit: &mut impl #private::Visit<Self>) {
                let #node = self;
                match #node { #(#arms)* }
            }
        };
        let linked = self.imp(&generics, &quote!(#private::Linked), &linked);
        let drop = quote! {
            #[inline]
            fn drop(&mut self) {
                #private::drop_links(self);
            }
        };
        let drop = self.imp(&generics, &quote!(#private::Drop), &drop);
        quote!(#linked #drop)
    }

    /// `WalkNode` and the method `links`.
    fn walk(&self) -> TokenStream {
        let private = self.private;
        let [walk, node] = ["walk", "node"].map(hygienic);
        let arms = self.arms("link").into_iter().map(|arm| {
            let pattern = arm.pattern(Field::is_link);
            let adds =
                arm.links().map(|(Field { ty, .. }, binding)| at(ty, &quote!(#private::Walk::add(#walk, #binding))));
            quote!(#pattern => { #(#adds;)* })
        });
        let walk_links = quote! {
            #[inline]
            fn walk_links<'__n>(&'__n self, #walk: &mut #private::Walk<'__n, Self>) {
                let #node = self;
                match #node { #(#arms)* }
            }
        };
        let walk_node = self.imp(&generics::of_type(self.input), &quote!(#private::WalkNode), &walk_links);
        let links = self.inherent(&quote!(#private::Walk<'_, Self>), &quote!(#private::walk(self)));
        quote!(#walk_node #links)
    }

    /// `CloneNode` and `Clone`.
    fn clone(&self) -> TokenStream {
        let private = self.private;
        let [node, clone, clones] = ["node", "clone", "clones"].map(hygienic);
        let nodes = self.arms("field").into_iter().map(|arm| {
            let (pattern, path) = (arm.pattern(|field| !field.is_link()), &arm.path);
            let fields = arm.fields.iter().map(|(field, binding)| {
                let Field { member, ty, .. } = field;
                if field.is_link() {
                    quote_spanned!(located(ty)=> #member: <#ty as #private::CloneLinks>::none())
                } else {
                    quote_spanned!(located(ty)=> #member: <#ty as #private::Clone>::clone(#binding))
                }
            });
            quote!(#pattern => #path { #(#fields),* },)
        });
        let arms = self.arms("from").into_iter().zip(self.arms("to"));
        let arms = arms.map(|(from, to)| {
            let (of_node, of_clone) = (from.pattern(Field::is_link), to.pattern(Field::is_link));
            let adds = from
                .links()
                .zip(to.links())
                .map(|((Field { ty, .. }, from), (_, to))| at(ty, &quote!(#private::Clones::add(#clones, #from, #to))));
            quote!((#of_node, #of_clone) => { #(#adds;)* })
        });
        // The clone is the same variant.
        let others = (arms.len() > 1).then(|| quote!(_ => {}));
        let generics = self.clone_generics();
        let clone_node = quote! {
            fn clone_node(&self) -> Self {
                let #node = self;
                match #node { #(#nodes)* }
            }

            #[inline]
            fn clone_links<'__n>(&'__n self, #clone: &'__n mut Self, #clones: &mut #private::Clones<'__n, Self>) {
                let #node = self;
                match (#node, #clone) { #(#arms)* #others }
            }
        };
        let clone_node = self.imp(&generics, &quote!(#private::CloneNode), &clone_node);
        let clone = quote! {
            fn clone(&self) -> Self {
                #private::clone(self)
            }
        };
        let clone = self.imp(&generics, &quote!(#private::Clone), &clone);
        quote!(#clone_node #clone)
    }

    /// The struct, or the variants; their fields bound to names with this prefix.
    fn arms(&self, prefix: &str) -> Vec<Arm<'_>> {
        match &self.input.shape {
            Shape::Struct(fields) => vec![Arm::new(quote!(Self), fields, prefix)],
            Shape::Enum(variants) => variants
                .iter()
                .map(|Variant { ident, fields, .. }| Arm::new(quote!(Self::#ident), fields, prefix))
                .collect(),
            Shape::Union(_) => Vec::new(),
        }
    }

    /// The generics of `Clone`: as the compiler's own derive, each parameter is to be `Clone`, unless the user says otherwise.
    fn clone_generics(&self) -> Generics {
        let private = self.private;
        let mut generics = generics::of_impl(self.input, private);
        if self.input.options.bound.is_none() {
            for parameter in generics.type_params_mut() {
                parameter.bounds.push(parse_quote!(#private::Clone));
            }
        }
        generics
    }

    /// `impl #path for` the type.
    fn imp(&self, generics: &Generics, path: &TokenStream, items: &TokenStream) -> TokenStream {
        let ident = &self.input.ident;
        let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
        let allow = self.input.allow();
        quote! {
            #allow
            #[automatically_derived]
            impl #impl_generics #path for #ident #type_generics #where_clause {
                #items
            }
        }
    }

    /// The method `links`.
    fn inherent(&self, ty: &TokenStream, body: &TokenStream) -> TokenStream {
        let (vis, ident) = (self.input.constructor_vis(), &self.input.ident);
        let generics = generics::of_type(self.input);
        let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
        let allow = self.input.allow();
        quote! {
            #allow
            #[automatically_derived]
            impl #impl_generics #ident #type_generics #where_clause {
                /// This node, then all nodes behind its links: those behind the first, then those behind the second, and
                /// so on. It needs no stack, however deep that goes.
                #[inline]
                #vis fn links(&self) -> #ty {
                    #body
                }
            }
        }
    }
}

/// Generated code as if it stood where the user's `ty` does: what is wrong with the type is reported there, and once.
fn at(ty: &Type, tokens: &TokenStream) -> TokenStream {
    let location = ty.span();
    let at = |mut token: TokenTree| {
        token.set_span(token.span().located_at(location));
        token
    };
    tokens.clone().into_iter().map(at).collect()
}
