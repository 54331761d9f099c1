import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { modelArbitrary, allRows, isValidRow, subsets } from './model.fixture.ts'
import { combineNow } from './combine.ts'
import { verify } from './verify.ts'
import type { Model } from './model.ts'
const N=Number(process.env.N??300)
for (const engine of ['best','PICT','IPO'] as const) for (const fast of [false,true]) {
  if (fast&&engine!=='best') continue
  it(`${engine} ${fast}`,()=>{
   fc.assert(fc.property(modelArbitrary(4),fc.integer({min:1,max:4}),fc.nat(1000),fc.boolean(),fc.array(fc.nat(1000),{minLength:5,maxLength:5}),(model0,strength,seed,prioritize,picks)=>{
     const k=model0.parameters.length
     const subs=subsets(k,Math.min(k,3))
     const model:Model={...model0,subModels:picks[0]!%2===0?[]:[{parameters:subs[picks[0]!%subs.length]!,strength:Math.min(k,3)},{parameters:subs[picks[1]!%subs.length]!,strength:2}]}
     const rows=allRows(model); if(rows.length===0) return
     const pick=(n:number,mask:number)=>rows[n%rows.length]!.map((v,i)=>(mask>>i)&1?-1:v)
     const seeds=picks[2]!%2?[pick(picks[2]!,picks[3]!),pick(picks[3]!,0)]:[]
     const extend=picks[4]!%2?[pick(picks[4]!,picks[1]!),model.parameters.map((p)=>picks[1]!%p.values.length)]:[]
     const r=combineNow(model,{engine,fast,strength,seed,maxSteps:200,prioritize,seeds,extend})
     const c=verify(model,r.rows,strength)
     if(!c.complete) throw new Error('incomplete '+JSON.stringify({c,rows:r.rows}))
     expect([r.tuples.covered,r.tuples.infeasible]).toEqual([c.positive.covered+c.negative.covered,c.infeasible])
     expect(r.lowerBound).toBeLessThanOrEqual(r.rows.length)
     const fits=(g:readonly number[],row:readonly number[])=>g.every((v,i)=>v===-1||v===row[i])
     const okExt=extend.filter((e)=>rows.some((row)=>fits(e,row)))
     expect(r.dropped.length).toBe(extend.length-okExt.length)
     ;[...seeds,...okExt].forEach((g,i)=>{ if(!fits(g,r.rows[i]!)) throw new Error('seed lost') })
     expect(combineNow(model,{engine,fast,strength,seed,maxSteps:200,prioritize,seeds,extend}).rows).toEqual(r.rows)
     // exclude
     const exclude=[pick(picks[3]!,0),pick(picks[1]!,picks[0]!&~1)]
     const rest=rows.filter((row)=>!exclude.some((e)=>fits(e,row)))
     if(rest.length===0) return
     const x=combineNow(model,{engine,fast,strength,seed,maxSteps:200,exclude})
     for(const row of x.rows) if(exclude.some((e)=>fits(e,row))||!isValidRow(model,row)) throw new Error('excluded')
     for(const set of subsets(k,Math.min(strength,k))){
       const held=new Set(x.rows.map((row)=>set.map((p)=>row[p]).join()))
       for(const row of rest) if(!held.has(set.map((p)=>row[p]).join())) throw new Error('missing '+set)
     }
   }),{numRuns:N})
  })
}
