/** The first mail that a new installation sends to itself: what happened, and three things to try next. */
export interface WelcomeMail {
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

interface Step {
  readonly title: string
  readonly why: string
  readonly command: string
}

const steps = (program: string): readonly Step[] => [
  {
    title: 'Send a mail of your own',
    why: 'It is checked, stored, and handed to a worker. It lands beside this one.',
    command: `${program} submit --task email --wait --payload '{"to":"ada@example.com","subject":"Hello","text":"It works."}'`,
  },
  {
    title: 'Watch a job fail, wait, and try again',
    why: 'The demonstration task fails when its payload says so. See its attempts, and what happens next.',
    command: `${program} submit --payload "fail, please"`,
  },
  {
    title: 'Pull the plug',
    why: 'Stop the server in any way you like, add jobs meanwhile, start it again: nothing is lost.',
    command: `${program} stats`,
  },
]

/** @param program how the reader calls the command line; @param url where the server is */
export const welcomeMail = (program: string, url: string): WelcomeMail => ({
  from: 'Posthaste <posthaste@localhost>',
  to: 'you@localhost',
  subject: 'It works: your first job was this mail',
  text: renderText(steps(program), url),
  html: renderHtml(steps(program), url),
})

const renderText = (all: readonly Step[], url: string): string => `Hello,

this mail was a background job: written to disk, claimed by a worker, and delivered over SMTP to the mailbox that
Posthaste keeps for you while you try it out. Nothing left your machine.

Three things to try next:

${all.map(({ title, why, command }, index) => `${index + 1}. ${title}\n   ${why}\n\n   ${command}\n`).join('\n')}
When you want to send real mail, set SMTP_URL and MAIL_FROM and start again.

Your mailbox: ${url}/mailbox
`

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)

/** Mail programs know little CSS and no style sheets: tables and inline styles, light colours that survive dark modes. */
const renderHtml = (all: readonly Step[], url: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light">
<title>It works</title>
</head>
<body style="margin:0;padding:0;background:#f4f1ea">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f4f1ea">
<tr><td align="center" style="padding:40px 16px">
<table role="presentation" width="560" cellpadding="0" cellspacing="0" style="width:100%;max-width:560px;background:#ffffff;border:1px solid #e4ded0;border-radius:12px;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#26221b;font-size:16px;line-height:1.6">
<tr><td style="padding:36px 36px 8px">
<p style="margin:0 0 20px;font-size:13px;letter-spacing:.08em;text-transform:uppercase;color:#b4472b"><b>Posthaste</b></p>
<h1 style="margin:0 0 12px;font-size:26px;line-height:1.25;font-weight:650">It works. Your first job was this&nbsp;mail.</h1>
<p style="margin:0 0 8px">It was written to disk, claimed by a worker, and delivered over SMTP to the mailbox that Posthaste keeps for you while you try it out. Nothing left your machine.</p>
</td></tr>
<tr><td style="padding:16px 36px 0">
<p style="margin:0;font-size:13px;letter-spacing:.08em;text-transform:uppercase;color:#857c6b">Three things to try next</p>
</td></tr>
${all.map(renderStep).join('\n')}
<tr><td style="padding:20px 36px 36px;font-size:14px;color:#6d6556">
When you want to send real mail, set <code>SMTP_URL</code> and <code>MAIL_FROM</code> and start again.<br>
Your mailbox: <a href="${escapeHtml(url)}/mailbox" style="color:#b4472b">${escapeHtml(url)}/mailbox</a>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`

const renderStep = (
  { title, why, command }: Step,
  index: number,
): string => `<tr><td style="padding:20px 36px 0">
<p style="margin:0"><b>${index + 1}. ${escapeHtml(title)}</b></p>
<p style="margin:0 0 10px;color:#5c5547;font-size:15px">${escapeHtml(why)}</p>
<pre style="margin:0;padding:12px 14px;background:#f7f5f0;border-radius:8px;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;word-break:break-word">${escapeHtml(command)}</pre>
</td></tr>`
