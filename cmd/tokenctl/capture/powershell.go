//go:build !darwin

package capture

import (
	"context"
	"fmt"
	"time"
)

// copyScript copies what it reads, and clears the clipboard if it still holds that. The
// three formats keep it from Windows' history of the clipboard, its other devices, and
// programs that watch it (Windows, "Clipboard Formats", "Cloud Clipboard and Clipboard
// History Formats").
const copyScript = "$ErrorActionPreference = 'Stop'; Add-Type -AssemblyName System.Windows.Forms; " +
	"$t = [Console]::In.ReadToEnd(); $d = New-Object Windows.Forms.DataObject; $d.SetText($t); " +
	"foreach ($f in 'ExcludeClipboardContentFromMonitorProcessing', 'CanIncludeInClipboardHistory', 'CanUploadToCloudClipboard') { " +
	"$d.SetData($f, (New-Object IO.MemoryStream(,[byte[]](0, 0, 0, 0)))) }; " +
	"[Windows.Forms.Clipboard]::SetDataObject($d, $true); [Console]::Out.WriteLine('" + copied + "'); Start-Sleep -Milliseconds %d; " +
	"if ([Windows.Forms.Clipboard]::GetText() -ceq $t) { [Windows.Forms.Clipboard]::Clear() }"

// holdByPowershell copies to the clipboard of Windows, also from Linux that runs there.
func holdByPowershell(ctx context.Context, text []byte, clearAfter time.Duration, held func()) error {
	return holdByScript(ctx, text, held, "powershell.exe", "-NoProfile", "-NonInteractive", "-STA", "-Command",
		fmt.Sprintf(copyScript, clearAfter.Milliseconds()))
}
