package inlay

//go:wasmexport inlay_handle
func inlayHandle() int32 { return Invoke(handled) }
