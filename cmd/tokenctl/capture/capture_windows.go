package capture

import "context"

// A PNG is made in memory, for it cannot be written to a pipe.
const (
	begin = "$ErrorActionPreference = 'Stop'; Add-Type -AssemblyName System.Windows.Forms, System.Drawing; "
	write = "$m = New-Object IO.MemoryStream; $i.Save($m, [Drawing.Imaging.ImageFormat]::Png); " +
		"$m.WriteTo([Console]::OpenStandardOutput())"
)

// Clipboard returns the picture on the clipboard, or else its text.
func Clipboard(ctx context.Context) ([]byte, error) {
	data, err := powershell(ctx, "$i = [Windows.Forms.Clipboard]::GetImage(); if ($i) { "+write+" } else { "+
		"$b = [Text.Encoding]::UTF8.GetBytes([Windows.Forms.Clipboard]::GetText()); "+
		"[Console]::OpenStandardOutput().Write($b, 0, $b.Length) }")
	if err == nil && len(data) == 0 {
		err = ErrEmpty
	}
	return data, err
}

// Screen returns a picture of all screens.
func Screen(ctx context.Context) ([]byte, error) {
	return powershell(ctx, "$s = [Windows.Forms.SystemInformation]::VirtualScreen; "+
		"$i = New-Object Drawing.Bitmap $s.Width, $s.Height; "+
		"[Drawing.Graphics]::FromImage($i).CopyFromScreen($s.Location, [Drawing.Point]::Empty, $s.Size); "+write)
}

func powershell(ctx context.Context, script string) ([]byte, error) {
	return output(ctx, "powershell", "-NoProfile", "-NonInteractive", "-STA", "-Command", begin+script)
}
