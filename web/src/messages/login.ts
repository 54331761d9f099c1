import { catalogue } from './catalogue.ts'

/** Texts of the page that lets people in. */
export const loginMessages = catalogue({
  en: {
    'login.title': 'Sign in',
    'login.lead': 'This server wants to know who you are.',
    'login.byLink': 'With a one-time link',
    'login.byLinkHint':
      'On the machine of the server, in the served folder, run the command below and open the link that it prints. It works once, for ten minutes.',
    'login.byToken': 'With a token',
    'login.token': 'Token',
    'login.tokenHint':
      'It begins with greenloop_. An administrator makes one on the settings page; the first one lies in the file server-token beside the store.',
    'login.submit': 'Sign in',
    'login.busy': 'Signing in…',
    'login.needed': 'Paste a token here.',
    'login.refusedLink': 'The link does not work any more',
    'login.refusedToken': 'The token was not accepted',
    'login.goOn': 'You are signed in as {name}.',
    'login.continue': 'Continue',
  },
  'zh-CN': {
    'login.title': '登录',
    'login.lead': '此服务器需要确认您的身份。',
    'login.byLink': '使用一次性链接',
    'login.byLinkHint':
      '在服务器所在的机器上，进入所服务的文件夹，运行以下命令并打开它输出的链接。链接只能使用一次，十分钟内有效。',
    'login.byToken': '使用令牌',
    'login.token': '令牌',
    'login.tokenHint': '以 greenloop_ 开头。管理员可在设置页面创建；第一个令牌在存储旁的 server-token 文件中。',
    'login.submit': '登录',
    'login.busy': '正在登录…',
    'login.needed': '请在此粘贴令牌。',
    'login.refusedLink': '链接已失效',
    'login.refusedToken': '令牌未被接受',
    'login.goOn': '您已以 {name} 的身份登录。',
    'login.continue': '继续',
  },
  ru: {
    'login.title': 'Вход',
    'login.lead': 'Серверу нужно знать, кто вы.',
    'login.byLink': 'По одноразовой ссылке',
    'login.byLinkHint':
      'На машине сервера, в обслуживаемой папке, выполните команду ниже и откройте ссылку, которую она выведет. Ссылка действует один раз, десять минут.',
    'login.byToken': 'По токену',
    'login.token': 'Токен',
    'login.tokenHint':
      'Начинается с greenloop_. Администратор создаёт токены на странице настроек; первый лежит в файле server-token рядом с хранилищем.',
    'login.submit': 'Войти',
    'login.busy': 'Вход…',
    'login.needed': 'Вставьте сюда токен.',
    'login.refusedLink': 'Ссылка больше не действует',
    'login.refusedToken': 'Токен не принят',
    'login.goOn': 'Вы вошли как {name}.',
    'login.continue': 'Продолжить',
  },
})
