package inlay

var handled func(*Request) error

// Handle says which function answers requests. Call it once, in an init function: main does not run.
func Handle(function func(*Request) error) {
	if handled != nil {
		panic("inlay: Handle is called twice: a module is one function")
	}
	handled = function
}
