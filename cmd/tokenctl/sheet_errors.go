package main

import "errors"

var (
	// errFileThere says that the file to write is there already.
	errFileThere = errors.New("there is such a file already")

	// errEnrolledSheetThere says the same where --overwrite replaces an account.
	errEnrolledSheetThere = errors.New("there is such a file already")

	// errNoFile says that there is something else where a file is to be written.
	errNoFile = errors.New("it is no ordinary file")

	// errDiskFull says that a file did not fit on the disk.
	errDiskFull = errors.New("the disk is full")

	// errNoLP says that the program that prints is not installed.
	errNoLP = errors.New("there is no lp to print with")

	// errNotPrinted says that lp failed.
	errNotPrinted = errors.New("the printer did not take it")

	// errNoPoppler says that the program that reads PDFs is not installed.
	errNoPoppler = errors.New("there is no pdftoppm to read a PDF with")

	// errUnreadPDF says that poppler cannot make anything of a PDF.
	errUnreadPDF = errors.New("the PDF cannot be read")

	// errNoScan says that a file is nothing that a sheet can be read from.
	errNoScan = errors.New("neither a picture, nor a PDF, nor text")

	// errHTML says that a sheet is a page for a browser to print.
	errHTML = errors.New("a sheet in HTML cannot be read before it is printed")

	// errNoSheet says that nothing of a recovery sheet was read.
	errNoSheet = errors.New("nothing of a recovery sheet was found")

	// errNowhere says that there is nothing to restore a sheet to.
	errNowhere = errors.New("there is neither a key nor a vault to restore it to")

	// errMissing says that something of a sheet is missing, and nothing was done.
	errMissing = errors.New("the sheet is not all there")

	// errSheetDiffers says that a sheet would restore something else than is there.
	errSheetDiffers = errors.New("the sheet does not agree with the tokens")

	// errSheetLacks says that a sheet is right, and lacks something that is there.
	errSheetLacks = errors.New("the sheet is right as far as it goes")
)
