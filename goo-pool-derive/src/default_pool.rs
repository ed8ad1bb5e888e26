//! `#[pooled(thread_local)]` and `#[pooled(global)]`: a pool of the type's own.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use crate::errors::Errors;
use crate::expand::{Body, located};
use crate::generics;
use crate::input::{Input, Shape};
use crate::names::Names;

/// The option that asks for a default pool.
pub(crate) struct DefaultPool<'a> {
    /// Its keyword.
    key: &'a Ident,
    /// What `__private` calls the handle to such a pool.
    handle: &'static str,
}

/// The default pool of the type, if it is to have one.
pub(crate) fn of(input: &Input) -> Option<DefaultPool<'_>> {
    let thread_local = input.options.thread_local.as_ref().map(|given| (&given.key, "PoolHandle"));
    let global = input.options.global.as_ref().map(|given| (&given.key, "SyncPoolHandle"));
    thread_local.or(global).map(|(key, handle)| DefaultPool { key, handle })
}

/// Reports why the type has no default pool, or its constructors no names.
pub(crate) fn check(input: &Input, errors: &mut Errors) {
    let Some(DefaultPool { key, .. }) = of(input) else { return };
    if let (Some(_), Some(global)) = (&input.options.thread_local, &input.options.global) {
        errors.at(&global.key, "a type has one default pool; remove `thread_local` or `global`");
    }
    if !input.generics.params.is_empty() {
        let ident = &input.ident;
        errors.at(
            key,
            format!(
                "a generic type has no default pool, since a variable has no parameters; make a pool where it is needed and \
                 use `new_in`, or give one instance a pool of its own: `default_pool!({key}, {ident}<...>)`"
            ),
        );
    }
    let variants = match &input.shape {
        Shape::Enum(variants) => variants.as_slice(),
        Shape::Struct(_) | Shape::Union(_) => &[],
    };
    let renamed = variants.iter().filter(|variant| variant.options.skip.is_none());
    let renamed = renamed.map(|variant| (&variant.options.rename, Names::of_variant(variant)));
    for (rename, names) in renamed.chain([(&input.options.rename, Names::of_struct(input))]) {
        if let (Some(rename), None) = (rename, names.without_pool()) {
            errors.at(
                &rename.value,
                "with a default pool, a constructor is called by a name and `_in`, such as `node_in`; the constructor for the \
                 default pool is then `node`",
            );
        }
    }
}

impl DefaultPool<'_> {
    /// The implementation of `DefaultPool`.
    pub(crate) fn expand(&self, input: &Input, krate: &TokenStream, body: Body) -> TokenStream {
        let (key, ident) = (self.key, &input.ident);
        let private = quote!(#krate::__private);
        match body {
            Body::Whole => {
                // Without std the macro is an error, which points at the option.
                let span = located(key);
                let krate = krate.clone().into_iter().map(|mut token| {
                    token.set_span(token.span().located_at(span));
                    token
                });
                let krate = TokenStream::from_iter(krate);
                quote_spanned!(span=> #krate::default_pool! { #key, #ident })
            }
            Body::Stub => {
                let generics = generics::of_impl(input, &private);
                let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
                let predicates = where_clause.map(|clause| &clause.predicates);
                let predicates = predicates.into_iter().flatten();
                let handle = self.handle(krate);
                quote! {
                    #[allow(deprecated)]
                    impl #impl_generics #krate::DefaultPool for #ident #type_generics
                    where
                        #(#predicates,)*
                        Self: 'static,
                    {
                        type Handle = #handle;

                        fn with_default_pool<__R>(
                            _: impl #private::FnOnce(
                                &#krate::generic::Pool<Self, <#handle as #krate::generic::Kind>::Lazy>,
                            ) -> __R,
                        ) -> __R {
                            #private::reported()
                        }
                    }
                }
            }
        }
    }

    /// The handle to such a pool, which is the kind of its boxes.
    pub(crate) fn handle(&self, krate: &TokenStream) -> TokenStream {
        let handle = Ident::new(self.handle, located(self.key));
        quote!(#krate::__private::#handle)
    }
}
