package inlay

// SetWindowBytes lets windows be small, and gives a function that ends that.
func SetWindowBytes(size, step int64) func() {
	oldSize, oldStep := windowBytes, windowStepBytes
	windowBytes, windowStepBytes = size, step
	return func() { windowBytes, windowStepBytes = oldSize, oldStep }
}
