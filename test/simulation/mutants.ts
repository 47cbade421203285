import type { Plot } from './plots.ts'

/** The protocol with one rule broken: a simulation that does not notice proves nothing. */
export interface Mutant {
  readonly name: string
  readonly file: 'claim' | 'claim-view' | 'announcer'
  /** stands exactly once in the file */
  readonly original: string
  readonly mutated: string
  /** the kind of story that shows it soonest; default: any */
  readonly plot?: Plot
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'claims without asking',
    file: 'claim',
    original: 'state.questions < timings.probeCount',
    mutated: 'state.questions < 0',
  },
  {
    name: 'two that ask: nobody steps back',
    file: 'claim',
    original: 'if (!state.inquires && !view.lowerHash(event.from.node)) return stay(state)',
    mutated: 'if (isNode(event.from)) return stay(state)',
  },
  {
    name: 'two owners: nobody yields',
    file: 'claim',
    original: "if (yields && type === 'answer') return yieldTo(from, view, timings)",
    mutated: '',
  },
  {
    name: 'two owners: yields to whoever speaks, answer or not',
    file: 'claim',
    original: "if (yields && type === 'answer') return yieldTo(from, view, timings)",
    mutated: 'if (yields) return yieldTo(from, view, timings)',
  },
  {
    name: 'two owners: the order decides, not the hash',
    file: 'claim',
    original: 'const yields = view.lowerHash(from.node)',
    mutated: 'const yields = view.outranks(from.node)',
  },
  {
    name: 'two owners: says nothing',
    file: 'claim',
    original: "actions: [yields ? 'inquire' : 'announce']",
    mutated: 'actions: []',
  },
  {
    name: 'yields to nobody that asks',
    file: 'claim',
    original:
      'return isNode(event.from) && view.outranks(event.from.node) ? yieldTo(event.from, view, timings) : stay(state)',
    mutated: 'return stay(state)',
  },
  {
    name: 'yields to everybody that asks',
    file: 'claim',
    original: 'return isNode(event.from) && view.outranks(event.from.node) ?',
    mutated: 'return isNode(event.from) ?',
  },
  {
    name: 'probes where it should inquire',
    file: 'claim',
    original:
      '...((view.deposesNobody || (holder && isNode(holder) && view.outranks(holder.node))) && { inquires: true }),',
    mutated: '',
  },
  {
    name: 'claims although a speaker answers',
    file: 'claim',
    original: 'if (isNode(event.from) && view.isGone(event.from.node)) return stay(state)',
    mutated: 'if (isNode(event.from)) return stay(state)',
  },
  {
    name: 'claims although a stranger answers',
    file: 'claim',
    original: 'if (isNode(event.from) && view.isGone(event.from.node)) return stay(state)',
    mutated: 'if (!isNode(event.from)) return stay(state)',
  },
  {
    name: 'believes whoever answers in the name of the dead',
    file: 'claim',
    original: 'if (isNode(event.from) && view.isGone(event.from.node)) return stay(state)',
    mutated: '',
  },
  {
    name: 'never asks again',
    file: 'claim',
    original: 'return ask(view, timings, { backoffMs, conflict, holder })',
    mutated: 'return stay(state)',
  },
  {
    name: 'defends against a stranger without end',
    file: 'claim',
    original: 'if (nowMs - state.defendedMs < timings.defendIntervalMs) return stay(next)',
    mutated: '',
  },
  {
    name: 'asks again at once after yielding',
    file: 'claim',
    original: 'view.nowMs + timings.yieldHoldMs',
    mutated: 'view.nowMs',
  },
  {
    name: 'an owner that is not the first any more falls silent by itself',
    file: 'claim',
    original: '      // It goes on answering until another asks.\n      return stay(state)',
    mutated: "      return view.first ? stay(state) : { state: IDLE, actions: ['yield'] }",
  },
  {
    name: 'does not speak up',
    file: 'announcer',
    original: "if (link === undefined || claim.link.name === link) this.#stepClaim(claim, { type: 'speakUp' }",
    mutated: "if (nowMs < 0) this.#stepClaim(claim, { type: 'speakUp' }",
  },
  {
    name: 'goes on as before when it was stopped',
    file: 'announcer',
    original: "      case 'woken':\n        this.#wake(nowMs)",
    mutated: "      case 'woken':",
  },
  {
    name: 'inquires once, then probes, and makes others step back',
    file: 'claim',
    original: "return { state: next, actions: [state.inquires ? 'inquire' : 'probe'] }",
    mutated: "return { state: { ...next, inquires: undefined }, actions: [state.inquires ? 'inquire' : 'probe'] }",
  },
  {
    name: 'waits for whoever spoke last',
    file: 'claim',
    plot: 'lasting',
    original: 'stay(stays ? state : { ...state, holder: event.from })',
    mutated: 'stay({ ...state, holder: event.from })',
  },
  {
    name: 'believes whoever answers in the name of one that it never watched',
    file: 'claim-view',
    original: "neighbourhood.livenessOf(node, link) !== 'up'",
    mutated: "neighbourhood.livenessOf(node, link) === 'down'",
  },
  {
    name: 'deposes although the API server does not answer',
    file: 'claim-view',
    original: 'deposesNobody: viewIsOld || !apiReachable || patient',
    mutated: 'deposesNobody: patient',
  },
  {
    name: 'deposes although it is patient',
    file: 'claim-view',
    original: 'deposesNobody: viewIsOld || !apiReachable || patient',
    mutated: 'deposesNobody: viewIsOld || !apiReachable',
  },
  {
    name: 'a stranger that only asks counts for ever',
    file: 'claim',
    original: 'if (nowMs - probedSinceMs >= timings.probedMaxMs) return state',
    mutated: '',
  },
  {
    name: 'asks although it leaves',
    file: 'claim-view',
    original: 'first: !leaving && ',
    mutated: 'first: ',
  },
  {
    name: 'insists although its view is old or it leaves',
    file: 'claim-view',
    original: 'if (viewIsOld || leaving) return true',
    mutated: '',
  },
  {
    name: 'insists although its view is old',
    file: 'claim-view',
    original: 'if (viewIsOld || leaving) return true',
    mutated: 'if (leaving) return true',
  },
  {
    name: 'takes nobody for dead',
    file: 'claim-view',
    original: 'order.find(node => node === self || !neighbourhood.isDown(node, link)) === self',
    mutated: 'order[0] === self',
  },
  {
    name: 'keeps its claims on an interface that has gone',
    file: 'announcer',
    original: '        if (claim && !same[claim.address.family]) this.#drop(claim, wanted)\n      }',
    mutated: '        void claim\n      }',
  },
  {
    name: 'a change of liveness does not count',
    file: 'announcer',
    original: 'for (const key of addresses) this.#view(key, nowMs, { urgent: true, link })',
    mutated: 'void nowMs',
  },
]
