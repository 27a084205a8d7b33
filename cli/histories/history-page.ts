import { createHash } from 'node:crypto';
import type { Timeline } from '#engine';

/** What the page says above the picture. */
export interface PageWords {
  readonly title: string;
  readonly verdict: string;
  /** Whether it is a violation. */
  readonly isBad: boolean;
  readonly sentences: readonly string[];
  /** What times are: milliseconds, or lines of the file. */
  readonly unit: 'ms' | 'line';
}

/**
 * One file that shows a history: no network, no script but its own, which the policy in it names by its hash. The bars travel as
 * numbers and are drawn in the page, so that 1,000 operations are less than 100 KB.
 */
export function historyPage(timeline: Timeline, words: PageWords): string {
  const data = JSON.stringify(dataOf(timeline, words.unit)).replaceAll('<', '\\u003c');
  const policy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escaped(words.title)}</title>
<style>${style}</style>
<main>
<h1>${escaped(words.title)}</h1>
<p class="verdict${words.isBad ? ' bad' : ''}">${escaped(words.verdict)}</p>
${words.sentences.map((sentence) => `<p>${escaped(sentence)}</p>`).join('\n')}
<div class="tools" role="group" aria-label="Picture">
<button id="violation" hidden>Go to the violation</button>
<button id="narrower">Zoom out</button>
<button id="wider">Zoom in</button>
<span id="hint">Arrow keys go from operation to operation.</span>
</div>
<div id="frame" tabindex="0" role="application" aria-label="Operations as bars, one line a client"></div>
<p id="told" role="status"></p>
<ul class="legend"><li class="ordered">in an order that was found</li><li class="stuck">stuck</li><li class="concerned">in its way</li><li class="other">not reached, or of another key</li><li class="failed">did not happen</li><li class="fault">fault</li></ul>
</main>
<script type="application/json" id="data">${data}</script>
<script>${script}</script>
</html>
`;
}

const roles = ['ordered', 'stuck', 'concerned', 'other', 'failed'] as const;

/** Each bar as six values; times from the left edge, to the unit's thousandth. */
function dataOf({ fromUs, toUs, lanes, bars, lines, stuckUs, faults }: Timeline, unit: PageWords['unit']) {
  const scale = unit === 'ms' ? 1000 : 1;
  const at = (us: number) => Math.round(((us - fromUs) / scale) * 1000) / 1000;
  return {
    unit,
    from: fromUs / scale,
    span: at(toUs),
    lanes,
    bars: bars.map((bar) => [
      bar.lane,
      at(bar.fromUs),
      bar.returned ? at(bar.toUs) : null,
      roles.indexOf(bar.role),
      bar.label,
    ]),
    lines: lines.map((line) => line.map((index) => [index, at(bars[index]!.atUs!)])),
    stuck: stuckUs === null ? null : at(stuckUs),
    faults: faults.map(({ label, fromUs: from, toUs: to }) => [label, at(from), at(to)]),
  };
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const style = `
:root{color-scheme:light dark;--page:#fff;--text:#1b1f24;--faint:#5b6570;--rule:#d5dae0;--ordered:#2f6fb0;--stuck:#b3261e;--concerned:#a15c00;--other:#8a94a0;--fault:#f3d9d6}
@media(prefers-color-scheme:dark){:root{--page:#14171b;--text:#e6e9ed;--faint:#a2acb7;--rule:#363d46;--ordered:#7db4ee;--stuck:#ff8a80;--concerned:#f0b35c;--other:#76818d;--fault:#4a2a28}}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:75rem;margin:0 auto;padding:1rem}
h1{font-size:1.25rem;margin:0;overflow-wrap:anywhere}
p{margin:.4rem 0;max-width:65ch}
.verdict{font-weight:600}.bad{color:var(--stuck)}
.tools{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;margin:.75rem 0}
.tools span{color:var(--faint);font-size:.875rem}
button{font:inherit;min-height:2.75rem;padding:0 .9rem;color:inherit;background:none;border:1px solid var(--faint);border-radius:.4rem}
button:focus-visible,#frame:focus-visible{outline:3px solid var(--ordered);outline-offset:2px}
#frame{overflow:auto;border:1px solid var(--rule);border-radius:.4rem;max-height:75vh}
svg{display:block}
text{fill:var(--text);font:12px system-ui,sans-serif}
.lane{stroke:var(--rule)}.axis{fill:var(--faint)}
rect{fill:var(--other)}
.b0{fill:var(--ordered)}.b1{fill:var(--stuck)}.b2{fill:var(--concerned)}.b4{fill:none;stroke:var(--other);stroke-dasharray:3 2}
.open{fill-opacity:.45}
.chosen{stroke:var(--text);stroke-width:2.5}
.faulty{fill:var(--fault)}.edge{stroke:var(--fault);stroke-width:2}.label{font-size:11px;fill:var(--page);pointer-events:none}
.line{fill:none;stroke:var(--text);stroke-width:1.5}
.dot{fill:var(--text)}
.end{stroke:var(--stuck);stroke-width:2;stroke-dasharray:6 3}
#told{min-height:3em;overflow-wrap:anywhere}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;padding:0;list-style:none;font-size:.875rem}
.legend li::before{content:"";display:inline-block;width:1.1rem;height:.7rem;margin-right:.4rem;border:1px solid var(--faint);background:var(--other)}
.legend .ordered::before{background:var(--ordered)}.legend .stuck::before{background:var(--stuck)}.legend .concerned::before{background:var(--concerned)}.legend .failed::before{background:none;border-style:dashed}.legend .fault::before{background:var(--fault)}
`;

const script = `
'use strict';
const data=JSON.parse(document.getElementById('data').textContent);
const frame=document.getElementById('frame'),told=document.getElementById('told');
const high=34,top0=data.faults.length?44:24,left=Math.min(140,20+8*Math.max(...data.lanes.map(n=>n.length)));
let zoom=Math.max(1,Math.min(40,data.bars.length/(data.lanes.length*6))),chosen=-1,bars=[],shown=0,showLine;
const lineOf=new Map(data.lines.flatMap((line,of)=>line.map(([index])=>[index,of])));
const make=(name,attributes,parent,text)=>{const e=document.createElementNS('http://www.w3.org/2000/svg',name);for(const k in attributes)e.setAttribute(k,attributes[k]);if(text!==undefined)e.textContent=text;parent.append(e);return e};
const clip=(text,room)=>{const most=Math.floor(room/6.6);return text.length<=most?text:most<3?'':text.slice(0,most-1)+'…'};
const time=t=>data.unit==='ms'?Math.round((data.from+t)*1000)/1000+' ms':'line '+(data.from+t);
function draw(){
 const wide=Math.max(280,(frame.clientWidth-left-24)*zoom),x=t=>left+8+t/data.span*wide,y=lane=>top0+lane*high;
 const tall=top0+data.lanes.length*high+12;
 const svg=document.createElementNS('http://www.w3.org/2000/svg','svg');
 svg.setAttribute('width',left+wide+24);svg.setAttribute('height',tall);svg.setAttribute('role','presentation');
 for(const [label,from,to] of data.faults){make('rect',{class:'faulty',x:x(Math.max(0,from)),y:0,width:Math.max(3,x(Math.min(to,data.span))-x(Math.max(0,from))),height:20},svg);make('line',{class:'edge',x1:x(Math.max(0,from)),x2:x(Math.max(0,from)),y1:0,y2:tall},svg);make('text',{x:x(Math.max(0,from))+3,y:14},svg,label)}
 const step=(()=>{const rough=data.span/wide*110;let s=10**Math.floor(Math.log10(rough));while(s<rough)s*=s*2>=rough?2:s*5>=rough?5:10;return Math.max(s,data.unit==='line'?1:0)})();
 const first=Math.ceil(data.from/step)*step;for(let n=0;first+n*step-data.from<=data.span;n++){const t=first+n*step;make('text',{class:'axis',x:x(t-data.from),y:top0-6},svg,Math.round(t*1000)/1000+(n===0?' '+data.unit:''))}
 data.lanes.forEach((name,lane)=>{make('line',{class:'lane',x1:0,x2:left+wide+24,y1:y(lane)+high-2,y2:y(lane)+high-2},svg);make('text',{x:8,y:y(lane)+20},svg,clip(name,left-8))});
 bars=data.bars.map(([lane,from,to,role,label],index)=>{const end=to===null?data.span:to,w=Math.max(4,x(end)-x(from));const bar=make('rect',{class:'b'+role+(to===null?' open':''),x:x(from),y:y(lane)+5,width:w,height:22,rx:3},svg);make('title',{},bar,label);bar.addEventListener('click',()=>choose(index));if(w>48&&role<4&&to!==null)make('text',{class:'label',x:x(from)+5,y:y(lane)+20},svg,clip(label,w-8));return bar});
 const through=make('g',{'pointer-events':'none'},svg);
 showLine=of=>{shown=of;through.replaceChildren();const line=data.lines[of];if(!line)return;
  make('polyline',{class:'line',points:line.map(([index,at])=>x(at)+','+(y(data.bars[index][0])+16)).join(' ')},through);
  for(const [index,at] of line)make('circle',{class:'dot',cx:x(at),cy:y(data.bars[index][0])+16,r:3},through)};
 showLine(shown);
 if(data.stuck!==null)make('line',{class:'end',x1:x(data.stuck),x2:x(data.stuck),y1:0,y2:tall},svg);
 frame.replaceChildren(svg);
 if(chosen>=0)choose(chosen);
}
function choose(index){
 if(bars[chosen])bars[chosen].classList.remove('chosen');
 chosen=index;const bar=bars[index];bar.classList.add('chosen');
 const [lane,from,to,role,label]=data.bars[index];
 told.textContent='Client '+data.lanes[lane]+': '+label+', from '+time(from)+(to===null?', never returned':' to '+time(to))+'. '+['In the order that was found.','Stuck: it cannot take place before it returns.','In the way of the one that is stuck.','Not reached, or of another key.','It did not happen.'][role];
 const of=lineOf.get(index);if(of!==undefined&&of!==shown)showLine(of);
 const at=+bar.getAttribute('x'),row=+bar.getAttribute('y');
 if(at<frame.scrollLeft+left||at>frame.scrollLeft+frame.clientWidth-60)frame.scrollLeft=at-frame.clientWidth/2;
 if(row<frame.scrollTop||row>frame.scrollTop+frame.clientHeight-30)frame.scrollTop=row-frame.clientHeight/2;
}
const stuckAt=data.bars.findIndex(bar=>bar[3]===1),jump=document.getElementById('violation');
if(stuckAt>=0){jump.hidden=false;jump.addEventListener('click',()=>{choose(stuckAt);frame.focus()})}
const scale=by=>{const middle=(frame.scrollLeft+frame.clientWidth/2)/zoom;zoom=Math.max(1,Math.min(200,zoom*by));draw();if(chosen<0)frame.scrollLeft=middle*zoom-frame.clientWidth/2};
document.getElementById('wider').addEventListener('click',()=>scale(1.6));
document.getElementById('narrower').addEventListener('click',()=>scale(1/1.6));
frame.addEventListener('keydown',event=>{
 const {key}=event,last=data.bars.length-1;
 const same=by=>{for(let i=chosen+by;i>=0&&i<=last;i+=by)if(data.bars[i][0]===data.bars[chosen][0])return i;return chosen};
 const next=key==='ArrowRight'?Math.min(last,chosen+1):key==='ArrowLeft'?Math.max(0,chosen-1):key==='ArrowDown'?(chosen<0?0:same(1)):key==='ArrowUp'?(chosen<0?0:same(-1)):key==='Home'?0:key==='End'?last:key==='v'&&stuckAt>=0?stuckAt:-1;
 if(key==='+')scale(1.6);else if(key==='-')scale(1/1.6);else if(next<0)return;else choose(next);
 event.preventDefault();
});
addEventListener('resize',draw);
draw();
if(stuckAt>=0)choose(stuckAt);
`;
