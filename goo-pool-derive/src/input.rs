//! The derive's input: syn's tree read into ours.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Expr, ExprRepeat, Fields, Generics, Ident, Index, Member, Token, Type, TypeArray,
    UnOp, Visibility,
};

use crate::errors::Errors;
use crate::options::{ContainerOptions, FieldOptions, VariantOptions};

/// The type that derives `Pooled`.
pub(crate) struct Input {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) generics: Generics,
    /// What `#[pooled(...)]` on the type says.
    pub(crate) options: ContainerOptions,
    /// `#[repr(packed)]`: the fields may be misaligned.
    pub(crate) packed: bool,
    /// The type, a variant or a field is `#[deprecated]`.
    pub(crate) deprecated: bool,
    pub(crate) shape: Shape,
}

/// What the type is made of.
pub(crate) enum Shape {
    /// The fields.
    Struct(Vec<Field>),
    /// The variants, skipped ones too.
    Enum(Vec<Variant>),
    /// The keyword, to point at.
    Union(Token![union]),
}

/// A variant of an enum.
pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) options: VariantOptions,
    pub(crate) fields: Vec<Field>,
}

/// A field of a struct or a variant.
pub(crate) struct Field {
    /// Its name, or its position in a tuple.
    pub(crate) member: Member,
    pub(crate) ty: Type,
    pub(crate) options: FieldOptions,
}

/// What a link consists of, and is not by itself.
const HANDLES: [&str; 4] = ["PoolBox", "SyncPoolBox", "PoolRc", "PoolArc"];

/// Where a field's value comes from.
pub(crate) enum Source<'a> {
    /// An argument of the field's type.
    Argument,
    /// An argument that converts into the field's type.
    Into,
    /// `Default::default()`.
    Default,
    /// The user's expression.
    Expr(&'a Expr),
    /// The field is a `PhantomData`: there is only one value.
    Phantom,
}

impl Input {
    /// Reads `item`, and reports what is wrong with its attributes.
    pub(crate) fn read(item: DeriveInput, errors: &mut Errors) -> Self {
        let DeriveInput { attrs, vis, ident, generics, data } = item;
        let mut reader = Reader { errors, deprecated: is_deprecated(&attrs) };
        let options = ContainerOptions::read(&attrs, reader.errors);
        let shape = match data {
            Data::Struct(data) => Shape::Struct(reader.fields(data.fields)),
            Data::Enum(data) => Shape::Enum(data.variants.into_iter().map(|v| reader.variant(v)).collect()),
            Data::Union(data) => Shape::Union(data.union_token),
        };
        let (packed, deprecated) = (is_packed(&attrs), reader.deprecated);
        Self { ident, vis, generics, options, packed, deprecated, shape }
    }

    /// The visibility of the constructors.
    pub(crate) fn constructor_vis(&self) -> &Visibility {
        self.options.vis.as_ref().map_or(&self.vis, |given| &given.value)
    }

    /// The attribute above generated code that names the type's parts.
    pub(crate) fn allow(&self) -> Option<TokenStream> {
        self.deprecated.then(|| quote!(#[allow(deprecated)]))
    }

    /// All fields, those of skipped variants too.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        let (of_struct, of_enum) = match &self.shape {
            Shape::Struct(fields) => (fields.as_slice(), [].as_slice()),
            Shape::Enum(variants) => ([].as_slice(), variants.as_slice()),
            Shape::Union(_) => ([].as_slice(), [].as_slice()),
        };
        of_struct.iter().chain(of_enum.iter().flat_map(|variant| &variant.fields))
    }
}

impl Field {
    /// Where the value comes from. Contradictions are reported by [`check`](crate::check).
    pub(crate) fn source(&self) -> Source<'_> {
        match &self.options.default {
            _ if self.is_phantom() => Source::Phantom,
            Some(default) => default.value.as_ref().map_or(Source::Default, Source::Expr),
            None if self.options.into.is_some() => Source::Into,
            None => Source::Argument,
        }
    }

    /// The argument that the value comes from.
    pub(crate) fn argument(&self) -> Option<Ident> {
        if !matches!(self.source(), Source::Argument | Source::Into) {
            return None;
        }
        let mut name = match (&self.options.rename, &self.member) {
            (Some(rename), _) => rename.value.clone(),
            (None, Member::Named(ident)) => ident.clone(),
            (None, Member::Unnamed(index)) => Ident::new(&format!("field{}", index.index), index.span),
        };
        // The user's expressions can name the argument, but lints see a macro's code: the
        // field's own name has had its warnings.
        name.set_span(name.span().resolved_at(Span::call_site()));
        Some(name)
    }

    /// The field holds links.
    pub(crate) fn is_link(&self) -> bool {
        self.options.link.is_some()
    }

    /// The type is a handle, as far as its spelling tells, and so cannot let go of its node.
    pub(crate) fn is_handle(&self) -> bool {
        self.last_name().is_some_and(|name| HANDLES.iter().any(|handle| name == handle))
    }

    /// The type has no size known at compile time, as far as its spelling tells.
    pub(crate) fn is_unsized(&self) -> bool {
        match bare(&self.ty) {
            Type::Slice(_) | Type::TraitObject(_) => true,
            Type::Path(ty) => ty.path.is_ident("str"),
            _ => false,
        }
    }

    /// Known by its name: a macro sees no types.
    pub(crate) fn is_phantom(&self) -> bool {
        self.last_name().is_some_and(|name| name == "PhantomData")
    }

    /// The type's name without its path.
    fn last_name(&self) -> Option<&Ident> {
        match bare(&self.ty) {
            Type::Path(ty) => ty.path.segments.last().map(|segment| &segment.ident),
            _ => None,
        }
    }
}

/// `ty` as an array, if it is written as one.
pub(crate) fn array(ty: &Type) -> Option<&TypeArray> {
    match bare(ty) {
        Type::Array(array) => Some(array),
        _ => None,
    }
}

/// `expr` as `[element; length]`, if evaluating `element` several times is the same as once.
pub(crate) fn repeat(expr: &Expr) -> Option<&ExprRepeat> {
    match expr {
        Expr::Group(group) => repeat(&group.expr),
        Expr::Paren(paren) => repeat(&paren.expr),
        Expr::Repeat(array) if is_repeatable(&array.expr) => Some(array),
        _ => None,
    }
}

/// Literals, constants, and arrays of them.
fn is_repeatable(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(_) | Expr::Path(_) | Expr::Const(_) => true,
        Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && is_repeatable(&unary.expr),
        Expr::Group(group) => is_repeatable(&group.expr),
        Expr::Paren(paren) => is_repeatable(&paren.expr),
        Expr::Repeat(array) => is_repeatable(&array.expr),
        _ => false,
    }
}

/// `ty` without the invisible groups that a `macro_rules!` macro puts around `$ty`.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        _ => ty,
    }
}

/// Reads what is inside the type.
struct Reader<'a> {
    /// Where the mistakes go.
    errors: &'a mut Errors,
    /// Something so far was `#[deprecated]`.
    deprecated: bool,
}

impl Reader<'_> {
    /// Reads a variant.
    fn variant(&mut self, variant: syn::Variant) -> Variant {
        self.deprecated |= is_deprecated(&variant.attrs);
        Variant {
            options: VariantOptions::read(&variant.attrs, self.errors),
            ident: variant.ident,
            fields: self.fields(variant.fields),
        }
    }

    /// Reads the fields of a struct or a variant.
    fn fields(&mut self, fields: Fields) -> Vec<Field> {
        (0u32..).zip(fields).map(|(index, field)| self.field(index, field)).collect()
    }

    /// Reads the field at `index`.
    fn field(&mut self, index: u32, field: syn::Field) -> Field {
        self.deprecated |= is_deprecated(&field.attrs);
        Field {
            options: FieldOptions::read(&field.attrs, self.errors),
            member: match field.ident {
                Some(ident) => Member::Named(ident),
                None => Member::Unnamed(Index { index, span: field.ty.span() }),
            },
            ty: field.ty,
        }
    }
}

/// One of them is `#[deprecated]`.
fn is_deprecated(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|a| a.path().is_ident("deprecated"))
}

/// Some `#[repr(...)]` says `packed` or `packed(n)`.
fn is_packed(attributes: &[Attribute]) -> bool {
    let is_packed = |token| matches!(token, TokenTree::Ident(ident) if ident == "packed");
    attributes
        .iter()
        .filter(|a| a.path().is_ident("repr"))
        .filter_map(|a| a.meta.require_list().ok())
        .any(|list| list.tokens.clone().into_iter().any(is_packed))
}
