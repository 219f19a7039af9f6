package diagnose

// service says why the smart card service cannot be used.
func (e *examination) service(err error) {
	e.add(Fault, "no-service", err.Error(), "")
}
