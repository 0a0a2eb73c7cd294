/** The page's looks: no outside font, image or sheet; light or dark as the reader's system is set. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#f4f6f8;--panel:#fff;--edge:#dce1e7;--text:#17212b;--soft:#52606d;--line:#1f5fbf;--area:#1f5fbf22;
--ok:#0b6b3a;--ok-bg:#dff3e7;--info:#1b4f9c;--info-bg:#e1ecfb;--warn:#7a4a00;--warn-bg:#fdf0d5;--bad:#a11a1a;--bad-bg:#fde5e5;--focus:#1f5fbf}
@media(prefers-color-scheme:dark){:root{--bg:#0f141a;--panel:#171e26;--edge:#2b3642;--text:#e7ecf1;--soft:#a3b1bf;--line:#6ea8fe;--area:#6ea8fe22;
--ok:#7ddba3;--ok-bg:#12301f;--info:#9cc3ff;--info-bg:#14273f;--warn:#f2c46d;--warn-bg:#33270e;--bad:#ff9d9d;--bad-bg:#3d1718;--focus:#9cc3ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
header,main,footer{max-width:1120px;margin:0 auto;padding:0 16px}
header{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:center;padding-top:16px;padding-bottom:12px}
h1{font-size:18px;margin:0}h2{font-size:14px;font-weight:600;margin:0}p{margin:0}
header p{color:var(--soft);overflow-wrap:anywhere}
nav{margin-left:auto;display:flex;gap:8px;align-items:center}
a,button{color:var(--info);background:none;border:1px solid var(--edge);border-radius:6px;padding:5px 10px;font:inherit;font-size:13px;text-decoration:none;cursor:pointer}
a:hover,button:hover{border-color:var(--info)}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
main{display:grid;gap:12px}
.panel{background:var(--panel);border:1px solid var(--edge);border-radius:8px;padding:14px 16px;min-width:0}
.state{border-left-width:5px;display:grid;gap:6px}
.state h2{font-size:20px}.since{font-weight:400;font-size:15px;color:var(--soft)}
.badge{display:inline-block;border-radius:6px;padding:1px 10px;background:var(--edge)}
.streaming .badge{background:var(--ok-bg);color:var(--ok)}.streaming{border-left-color:var(--ok)}
.standby .badge{background:var(--info-bg);color:var(--info)}.standby{border-left-color:var(--info)}
.stalled .badge{background:var(--warn-bg);color:var(--warn)}.stalled{border-left-color:var(--warn)}
.failed .badge{background:var(--bad-bg);color:var(--bad)}.failed{border-left-color:var(--bad)}
.problem{background:var(--bad-bg);border-radius:6px;padding:10px 12px;display:grid;gap:4px;overflow-wrap:anywhere}
code{font:600 13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.problem code,.errors code{color:var(--bad)}
.figures{display:grid;grid-template-columns:repeat(4,1fr);gap:12px;margin:0}
dt,.note,.empty,.when{color:var(--soft);font-size:13px}dd{margin:0}
.value{font-size:26px;font-weight:600;line-height:1.25}
.charts{display:grid;grid-template-columns:repeat(2,1fr);gap:12px}.charts>:last-child{grid-column:1/-1}
figure{margin:0}figcaption{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 12px;align-items:baseline;margin-bottom:10px}
figcaption p{white-space:nowrap;color:var(--soft);font-size:13px}figcaption b{color:var(--text)}
.plot{display:grid;grid-template-columns:auto 1fr;gap:4px 8px}
.y{display:flex;flex-direction:column;justify-content:space-between;text-align:right;margin:-8px 0}
.y,.x{color:var(--soft);font-size:12px;white-space:nowrap}
.x{grid-column:2;position:relative;height:18px}.x span{position:absolute;transform:translateX(-50%)}.x span:first-child{left:0;transform:none}.x span:nth-child(2){left:25%}.x span:nth-child(3){left:50%}.x span:nth-child(4){left:75%}.x span:last-child{right:0;transform:none}
svg{display:block;width:100%}.chart svg{height:150px;overflow:visible}
.grid{stroke:var(--edge);vector-effect:non-scaling-stroke}.area{fill:var(--area)}
.line{fill:none;stroke:var(--line);stroke-width:2;stroke-linejoin:round;stroke-linecap:round;vector-effect:non-scaling-stroke}
.empty{padding:24px 0;text-align:center}.errors .empty{padding:8px 0;text-align:left}
.pair{display:grid;grid-template-columns:repeat(2,1fr);gap:12px}
.rows{margin:8px 0 0}.rows div{display:flex;gap:12px;padding:4px 0;border-top:1px solid var(--edge)}.rows div:first-child{border-top:0}
.rows dt{flex:0 0 128px}.rows dd{overflow-wrap:anywhere;min-width:0}
.budget{height:10px;margin-top:10px;border-radius:5px;overflow:hidden}.budget+.note{margin-top:4px}
.all{fill:var(--edge)}.low .used{fill:var(--ok)}.middle .used{fill:var(--warn)}.high .used{fill:var(--bad)}
ol{list-style:none;margin:8px 0 0;padding:0}li{padding:10px 0;border-top:1px solid var(--edge);overflow-wrap:anywhere}li:first-child{border-top:0}
.next{color:var(--soft)}.next b{color:var(--text)}
footer{color:var(--soft);font-size:13px;padding-top:12px;padding-bottom:24px}
#away{background:var(--warn-bg);color:var(--warn);border-radius:6px;padding:6px 10px}
@media(max-width:860px){.figures{grid-template-columns:repeat(2,1fr)}.charts,.pair{grid-template-columns:1fr}}
@media(max-width:480px){header,main,footer{padding-left:12px;padding-right:12px}.panel{padding:12px}.value{font-size:22px}.rows dt{flex-basis:104px}nav{margin-left:0}}
`;
