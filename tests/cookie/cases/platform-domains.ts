/** cookies/attributes/domain.sub.html of web-platform-tests: set at www, sent after a redirect. */
import { host, type PlatformTable } from './web-platform.ts'

const [www, sibling, below] = [`www.${host}`, `www1.${host}`, `www2.www.${host}`]
const elsewhere = `${www}zzz`
const bizarre = `www.wEb-pLaTfOrM.test`
const at = (name: string) => `http://${name}/cookies/attributes/resources/path.html`

const cases = [
  [`test=1; domain=${www}`, 'test=1'],
  [`test=2; domain=${www}`, '', sibling],
  [`test=3; domain=.${www}`, 'test=3'],
  [`test=4; domain=${www}`, 'test=4', below],
  [`test=5; domain=.${www}`, 'test=5', below],
  [`test=6; domain=.${www}`, '', sibling],
  [`test=7; domain=${sibling}`, '', sibling],
  [`test=8; domain=.${host}`, 'test=8'],
  [`test=9; domain=${host}`, 'test=9'],
  [`test=10; domain=..${www}`, ''],
  [`test=11; domain=www..${host}`, ''],
  [`test=12; domain=  .${www}`, 'test=12'],
  [`test=13; domain=  .  ${www}`, ''],
  [`test=14; domain=${www}.`, ''],
  [`test=15; domain=${www}..`, ''],
  [`test=16; domain=${www} .`, ''],
  ['test=17; domain=.test', ''],
  ['test=18; domain=..test', ''],
  ['test=18b; domain=..test.', ''],
  [[`testA=19; domain=${www}`, `testB=19; domain=.${www}`], 'testA=19; testB=19'],
  [[`testB=20; domain=.${www}`, `testA=20; domain=${www}`], 'testB=20; testA=20'],
  [`test=21; domain="${www}"`, ''],
  [[`testA=22; domain=${www}`, `testB=22; domain=.${host}`], 'testA=22; testB=22'],
  [[`testB=23; domain=.${host}`, `testA=23; domain=${www}`], 'testB=23; testA=23'],
  [`test=24; domain=.${host}; domain=${www}`, '', sibling],
  [`test=25; domain=${www}; domain=.${host}`, 'test=25', sibling],
  [`test=26; domain=${bizarre}`, 'test=26'],
  [`test=27; domain="${www}:8000"`, ''],
  [`test=28; domain=${below}`, '', below],
  ['test=29', '', below],
  ['test=30; domain=', 'test=30'],
  [`test=31; domain=${www}`, 'test=31', bizarre],
  [`test=32; domain=${www}; domain=${elsewhere}`, ''],
  [`test=33; domain=${elsewhere}; domain=${www}`, 'test=33'],
  [`test=34; domain=${www}; domain=${elsewhere}; domain=${www}`, 'test=34'],
  [`test=35; domain=${elsewhere}; domain=${www}; domain=${elsewhere}`, ''],
  [`test=36; domain=${www}; domain=${www}`, 'test=36'],
  [`test=37; domain=${www}; domain=${host}`, 'test=37'],
  [`test=38; domain=${host}; domain=${www}`, 'test=38'],
  [`test=39; domain=.${sibling}`, '', sibling],
  [`test=40; domain=.${below}`, '', below],
  [`test=41; domain=${host}; domain=`, 'test=41'],
  [`test=42; domain=${sibling}; domain=`, 'test=42'],
  [`test=43; domain=${sibling}; domain=`, '', below],
  [[`test=not44; domain=${www}`, `test=44; domain=.${www}`], 'test=44'],
  [[`test=not45; domain=.${www}`, `test=45; domain=${www}`], 'test=45'],
  ['test=46; domain=.', ''],
  [`test=46b; domain=.; domain=${host}`, 'test=46b'],
  [['test=47', `test=47b; domain=${host}`, `test=47b; domain=${sibling}; domain=`], 'test=47b; test=47b'],
  [['test=48', `test=48b; domain=${host}`, `test=48b; domain=${host}; domain=`], 'test=48b; test=48b'],
  [['test=49', `test=49b; domain=${host}`, 'test=49b; domain='], 'test=49b; test=49b'],
  [['test=50', `test=50b; domain=${host}`, `test=50b; domain=${sibling}; domain=`], 'test=50b', below],
  [['test=51', `test=51b; domain=${host}`, `test=51b; domain=${host}; domain=`], 'test=51b', below],
  [['test=52', `test=52b; domain=${host}`, 'test=52b; domain='], 'test=52b', below],
] as const

export const domainTable: PlatformTable = {
  file: 'attributes/domain.sub.html',
  from: `http://${www}/cookies/resources/cookie.py`,
  to: at(www),
  cases: cases.map(([set, sent, to = www]) => {
    const fields: readonly string[] = typeof set === 'string' ? [set] : set
    return [fields.map((field) => `${field}; path=/cookies/attributes`), sent, at(to)]
  }),
}
