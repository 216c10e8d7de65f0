//! The attribute `#[inlay::function]`; use it through the crate `inlay`.

use proc_macro::{Ident, TokenStream, TokenTree};

/// Makes a function the module's `inlay_handle`. One in each module.
///
/// The function is `fn NAME(request: &inlay::Request) -> inlay::Answer`. It stays an ordinary function, which tests call
/// through `inlay::testing::Host`; the export exists in WebAssembly only.
#[proc_macro_attribute]
pub fn function(arguments: TokenStream, item: TokenStream) -> TokenStream {
    if !arguments.is_empty() {
        return complaint("#[inlay::function] takes no arguments");
    }
    match name_of(item.clone()) {
        Ok(name) => item.into_iter().chain(export(&name)).collect(),
        Err(text) => complaint(text).into_iter().chain(item).collect(),
    }
}

/// The name of the `fn` that the item is.
fn name_of(item: TokenStream) -> Result<Ident, &'static str> {
    let mut tokens = item.into_iter();
    for token in tokens.by_ref() {
        match token {
            TokenTree::Ident(word) if word.to_string() == "async" => return Err("a function of Inlay is not async"),
            TokenTree::Ident(word) if word.to_string() == "fn" => break,
            _ => {}
        }
    }
    let Some(TokenTree::Ident(name)) = tokens.next() else {
        return Err("#[inlay::function] stands before a fn");
    };
    match tokens.next() {
        Some(TokenTree::Group(_)) => Ok(name),
        _ => Err("a function of Inlay has no generic parameters"),
    }
}

fn export(name: &Ident) -> TokenStream {
    let text = "const _: fn(&::inlay::Request) -> ::inlay::Answer = FUNCTION;
        #[cfg(target_arch = \"wasm32\")]
        const _: () = {
            #[unsafe(no_mangle)]
            pub extern \"C\" fn inlay_handle() -> i32 {
                // SAFETY: the host calls this once in each instance.
                unsafe { ::inlay::invoke(FUNCTION) }
            }
        };";
    let tokens: TokenStream = text.parse().expect("the text above is Rust");
    tokens.into_iter().map(|token| put(token, name)).collect()
}

/// The token with FUNCTION replaced by the name, which keeps its own span.
fn put(token: TokenTree, name: &Ident) -> TokenTree {
    match token {
        TokenTree::Ident(word) if word.to_string() == "FUNCTION" => TokenTree::Ident(name.clone()),
        TokenTree::Group(group) => {
            let inner = group.stream().into_iter().map(|token| put(token, name)).collect();
            TokenTree::Group(proc_macro::Group::new(group.delimiter(), inner))
        }
        other => other,
    }
}

fn complaint(text: &str) -> TokenStream {
    format!("compile_error!({text:?});").parse().expect("a literal in a macro call is Rust")
}
